package pebble

import (
	"slices"

	"cedula/shared/table"
)

// DynamoDB's price list (Developer Guide, "Capacity unit consumption").
const (
	readUnitBytes  = 4 << 10
	writeUnitBytes = 1 << 10
)

// itemBytes returns an item's size; zero if it is absent.
func itemBytes(i *table.Item) int {
	if i == nil {
		return 0
	}
	return i.Bytes()
}

// readUnits returns the price of a read of n bytes. A read of nothing costs as much as one of a byte.
func readUnits(n int, strong bool) float64 {
	units := unitsFor(n, readUnitBytes)
	if !strong {
		units /= 2
	}
	return units
}

// writeUnits returns the price of an operation on the table itself, by the larger of the item before and after.
func writeUnits(before, after *table.Item) float64 {
	return unitsFor(max(itemBytes(before), itemBytes(after)), writeUnitBytes)
}

// indexUnits returns the price of the index entries that a change removes and puts. An entry that stays is free.
func indexUnits(before, after *table.Item) float64 {
	var units float64
	for _, e := range slices.Concat(entriesNotIn(before, after), entriesNotIn(after, before)) {
		units += unitsFor(e.bytes(), writeUnitBytes)
	}
	return units
}

// consumedUnits returns what DynamoDB would bill: a single put or delete as PutItem or DeleteItem, everything else as a
// transaction, which doubles the table's part.
func consumedUnits(ops []table.Op, before []*table.Item) table.Units {
	factor := 2.0
	if len(ops) == 1 && ops[0].Action != table.ActionCheck {
		factor = 1
	}
	var units table.Units
	for i := range ops {
		after := itemAfter(&ops[i], before[i])
		units.Write += factor*writeUnits(before[i], after) + indexUnits(before[i], after)
	}
	return units
}

func unitsFor(n, unit int) float64 {
	return float64(max(1, (n+unit-1)/unit))
}
