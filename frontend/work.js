// For the pages where people work at length: sending evidence, the desk where claims are decided, a timetable.
import { help } from './app.js';
import { desk } from './desk.js';
import { timetable } from './timetable.js';
import { upload } from './upload.js';

help({ 'form[data-upload]': upload, '[data-desk]': desk, '[data-timetable]': timetable });
