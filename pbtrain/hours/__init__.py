"""The ledger of study hours: books, chained lines, yearly totals, the rules that say what counts.

An **entry** is a numbered line in a **book** (one branch, one year); a **reversal** cancels one entry;
**credit** is minutes converted by the policy, in hundredths of a 学时, before any cap; **counted** is what
`rules.assess` lets count toward the **target** of a member's year.
"""
