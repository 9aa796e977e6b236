package iddocument_test

import (
	"fmt"

	"cedula/shared/iddocument"
)

func ExampleCheck() {
	right := iddocument.Check("RUT", "CHL", "12.345.678-5")
	fmt.Println(right.Verdict, "-", right.Reason)

	wrong := iddocument.Check("RUT", "CHL", "12.345.678-4")
	fmt.Println(wrong.Verdict, "-", wrong.Reason)

	malformed := iddocument.Check("RUT", "CHL", "123")
	fmt.Println(malformed.Verdict, "-", malformed.Reason)

	passport := iddocument.Check("PASSPORT", "FRA", "X1234567")
	fmt.Println(passport.Verdict, "-", passport.Reason)
	// Output:
	// valid - the check digit matches
	// invalid - the check digit does not match
	// invalid - a RUT has 7 or 8 digits and a check digit or K
	// unchecked - this type of document has no check digit
}

func ExamplePlausibleFormat() {
	fmt.Println(iddocument.PlausibleFormat("RUT", "CHL", "12.345.678-4")) // only the check digit is wrong
	fmt.Println(iddocument.PlausibleFormat("RUT", "CHL", "see attachment"))
	// Output:
	// true
	// false
}

func ExampleHolderTypes() {
	user, organization, known := iddocument.HolderTypes("CNPJ")
	fmt.Println(user, organization, known)
	// Output: false true true
}
