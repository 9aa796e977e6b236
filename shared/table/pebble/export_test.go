package pebble

import "context"

// OpenFS is Open on a file system that refuses writes.
var OpenFS = open

// Compact rewrites all tables. It ignores errors, as compactions in the background do.
func (db *DB) Compact() { _ = db.kv.Compact(context.Background(), []byte{0}, []byte{0xff}, false) }
