"""Wire shapes as plain functions, because marshmallow costs more than the database.

marshmallow walks a schema anew for every object: it asks each field how to find its
value, whether a default stands in, how to write it. For a list of twenty that was the
largest single cost of a request. What it finds is the same every time, so it is found
once here: from a schema's fields, ``dumping`` and ``loading`` write the source of a
function that does the rest in a straight line.

marshmallow stays the one who decides. A function made here knows the ordinary case;
at anything else (a value that is not there, one of an odd type, a field that breaks a
rule) it gives up, and the schema's own ``dump`` and ``load`` answer, whose results and
messages are what they always were. A schema or a field that overrides what is relied
on is left to marshmallow altogether.
"""
