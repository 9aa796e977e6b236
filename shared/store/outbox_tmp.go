package store

import (
	"cedula/shared/identity"
	"cedula/shared/table"
)

func (s *Store) queue(m identity.Message) table.Op {
	return table.Put(table.Item{Key: table.Key{PK: "M#" + m.ID, SK: itemSK}, Version: 1, Body: mustEncode(m.Code)}, table.Absent())
}
