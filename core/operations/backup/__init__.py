"""Back-ups: the whole installation as one locked file, and back.

A file begins with one line that says how it is locked. What follows is a tar stream,
encrypted with age (https://age-encryption.org/v1): the folders of keys, anchors and
erasures, the dump of the database in parts, the uploads, and last the manifest, which
holds the number of rows and a hash of every table and the hash of every file.
"""
