package pebble

import "cedula/shared/table"

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

// priceFactor returns what DynamoDB multiplies the table's part of a write with: a transaction costs twice as much as
// PutItem or DeleteItem.
func priceFactor(ops []table.Op) float64 {
	if len(ops) == 1 && ops[0].Action != table.ActionCheck {
		return 1
	}
	return 2
}

func unitsFor(n, unit int) float64 {
	return float64(max(1, (n+unit-1)/unit))
}
