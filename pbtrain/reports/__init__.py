"""Reports: one file each in catalog/; the page, the print view and the Excel file follow from it."""
