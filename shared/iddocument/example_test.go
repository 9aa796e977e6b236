package iddocument_test

import (
	"fmt"

	"cedula/shared/iddocument"
)

func ExampleCheck() {
	for _, d := range []struct{ kind, country, number string }{
		{"RUT", "CHL", "12.345.678-5"},
		{"RUT", "CHL", "12.345.678-4"},
		{"RUT", "CHL", "123"},
		{"PASSPORT", "FRA", "X1234567"},
		{"CE", "COL", "123456"},
		{"NATIONAL_ID", "CHL", "1"},
	} {
		result := iddocument.Check(d.kind, d.country, d.number)
		fmt.Println(result.Verdict, "-", result.Reason)
	}
	// Output:
	// valid - the check digit matches
	// invalid - the check digit does not match
	// invalid - the check digit does not match
	// unchecked - this type of document has no check digit
	// unchecked - no rule is known for this type of document in this country
	// unchecked - the type of document is not known
}
