package iddocument_test

import (
	"strings"
	"testing"

	"cedula/shared/iddocument"
)

const (
	valid     = iddocument.Valid
	invalid   = iddocument.Invalid
	unchecked = iddocument.Unchecked
)

func TestCheck(t *testing.T) {
	tests := []struct {
		kind, country, number string
		want                  iddocument.Verdict
	}{
		// Examples of Conomy's documentation.
		{"RUT", "CHL", "123125", invalid},
		{"RUT", "CHL", "17604011-4", valid},
		{"RUT", "CHL", "18604011-4", invalid},
		{"RUT", "CHL", "77123126-K", invalid},

		// Separators, case and characters that only look right.
		{"RUT", "CHL", "12.345.678-5", valid},
		{"RUT", "CHL", "10000013-k", valid}, // lower case
		{"RUT", "CHL", " 1 2/3-4.5678 5 ", valid},
		{"RUT", "CHL", "12_345_678-5", invalid},
		{"RUT", "CHL", "12345678\u20135", valid}, // a dash of a word processor
		{"RUT", "CHL", "0012345678-5", valid},    // padded
		{"RUT", "CHL", "72043-7", valid},         // an old one
		{"RUN", "CHL", "12345678-5", valid},
		{"run", "", "12345678-4", invalid},
		{"RUT", "CHL", "１2345678-5", invalid},      // a digit that is not ASCII
		{"RUT", "CHL", "12345678-\u212A", invalid}, // the Kelvin sign, whose lower case is k
		{"RUT", "CHL", "", invalid},
		{"RUT", "CHL", strings.Repeat("-", 1000) + "123456785", valid},
		{"RUT", "CHL", "123456785" + strings.Repeat("0", 1000), invalid},
		{"PASSPORT", "CHL", strings.Repeat("X.", 1000), invalid},
		{"PASSPORT", "CHL", strings.Repeat("X.", 20), unchecked},
		{"RFC", "MEX", "abc680524p73", valid},
		{"RFC", "MEX", "ñ&c680524p73", unchecked}, // other letters, so another digit
		{"CNPJ", "BRA", "12.abc.345/01de-35", valid},

		// Types without a check digit.
		{"PASSPORT", "FRA", "X1234567", unchecked},
		{"PASSPORT", "", "X12345678", unchecked},
		{"PASSPORT", "CHL", "X123", invalid},
		{"DNI", "ARG", "20123456", unchecked},
		{"DNI", "PER", "12345678", unchecked},
		{"DNI", "PER", "12345678-1", valid},
		{"DNI", "PER", "12345678-2", invalid},
		{"DNI", "PER", "12345678-E", valid}, // the letter for the same

		// A mismatch that occurs in numbers in use.
		{"RFC", "MEX", "XAXX010101000", unchecked},
		{"RFC", "MEX", "AAA010101AA2", unchecked},
		{"RFC", "MEX", "AAA011301AA1", invalid}, // a thirteenth month

		// The country decides what a shared name means.
		{"RUT", "URY", "210000010014", valid},
		{"RUT", "URY", "123456785", invalid}, // Chile's
		{"RUT", "", "12345678-5", valid},     // Chile's without a country
		{"RUT", "", "210000010014", invalid},
		{"RUT", "COL", "900000000-5", unchecked}, // Colombia has a RUT of its own
		{"RUC", "ECU", "1790000001001", valid},
		{"RUC", "PRY", "80000001-3", valid},
		{"RUC", "", "20100000009", valid}, // Peru's without a country
		{"RUC", "PAN", "20100000009", unchecked},
		{"DNI", "", "1234567", unchecked}, // Argentina's
		{"DNI", "", "123456781", valid},   // Peru's
		{"DNI", "", "123456782", invalid}, // neither
		{"DNI", "ESP", "12345678Z", unchecked},
		{"CI", "URY", "1234567-2", valid},
		{"CI", "ECU", "1712345675", valid},
		{"CI", "", "1234567-2", unchecked}, // Conomy has no CI
		{"CI", "BOL", "1234567", unchecked},
		{"NIT", "BOL", "1", unchecked},
		{"CEDULA", "DOM", "001-0000000-9", valid},
		{"CEDULA", "CRI", "101230456", unchecked},

		// A name that only one country uses means its document everywhere.
		{"CURP", "USA", "XEXX010101HNEXXXA4", valid},
		{"CURP", "USA", "XEXX010101HNEXXXA5", invalid},
		{"CPF", "", "111.444.777-35", valid},
		{"CUIT", "Argentina", "20-11111111-2", valid},

		// Unknown types.
		{"NATIONAL_ID", "CHL", "12345678-5", unchecked},
		{"rut", "CHL", "12345678-4", invalid}, // the case of a name does not matter

		// Numbers in use that do not keep to the usual rule.
		{"RUC", "ECU", "1793213150001", unchecked}, // a new company
		{"RUC", "ECU", "0993366721001", unchecked},
		{"RUC", "ECU", "1712345674001", invalid}, // a person's
		{"CUIL", "ARG", "25-12345678-8", valid},
		{"CUIL", "ARG", "26-12345678-4", valid},
		{"CUIL", "ARG", "26-12345678-5", invalid},
		{"RNC", "DOM", "402-2000000-0", valid}, // a person's
		{"RNC", "DOM", "101000008", unchecked},
		{"RNC", "DOM", "1010000071", invalid},
		{"CEDULA", "DOM", "001-0000000-8", unchecked},
		{"CEDULA", "DOM", "1-0000000-9", valid}, // without its zeros
		{"RUC", "PRY", "1234567A-2", valid},
		{"RUC", "PRY", "1234567A-3", invalid},
		{"RUC", "PER", "16123456789", valid},
		{"RUC", "PER", "18123456781", unchecked},
		{"CE", "PER", "A1234567", unchecked},
		{"CED_EXT", "COL", "E-12345", unchecked},
		{"CED_CIU", "COL", "1234", unchecked},
		{"DNI", "ARG", "912345", unchecked},
		{"NIT", "COL", "900.000.000", unchecked}, // without its check digit
		{"NIT", "COL", "900.000.000-4", invalid},
		{"RIF", "VEN", "C-20000000-0", unchecked}, // a communal council
		{"", "", "", unchecked},
	}
	for _, tt := range tests {
		got := iddocument.Check(tt.kind, tt.country, tt.number)
		if got.Verdict != tt.want {
			t.Errorf("Check(%q, %q, %.40q) = %v, want %s", tt.kind, tt.country, tt.number, got, tt.want)
		}
		if got.Reason == "" || len(tt.number) > 4 && strings.Contains(got.Reason, tt.number) {
			t.Errorf("Check(%q, %q, ...).Reason = %q, want a reason without the number", tt.kind, tt.country, got.Reason)
		}
	}
}

func TestPlausibleFormat(t *testing.T) {
	tests := []struct {
		kind, country, number string
		want                  bool
	}{
		{"RUT", "CHL", "123125", true}, // Conomy's own examples
		{"RUT", "CHL", "18604011-4", true},
		{"RUT", "CHL", "77123126-K", true},
		{"RUT", "CHL", "77123126-k", true},
		{"RUT", "CHL", "12", true},
		{"RUT", "CHL", "1", false},
		{"RUT", "CHL", "1234567890", false},
		{"RUT", "CHL", "K1234567", false}, // K is only a check digit
		{"RUT", "CHL", "1234K567", false},
		{"RUT", "CHL", ".-/ ", false},
		{"RUT", "", "123456789012", false},
		{"RUT", "URY", "123456789012", true},
		{"RUT", "COL", "A-123456789012", true}, // no known rule
		{"PASSPORT", "", "ab-12345", true},
		{"PASSPORT", "", "1234", false},
		{"RFC", "MEX", "Ñ&C680524XXX", true},
		{"CURP", "MEX", "XEXX010101HNEXXXA5", true},
		{"CURP", "MEX", "XEXX010101HNEXXXA55", false},
		{"DNI", "", "12345678E", true},
		{"DNI", "", "1234567890", false},
		{"NIT", "COL", "900.000.000-4", true},
		{"NIT", "COL", "900.000.000-K", false},
		{"CNPJ", "BRA", "12.ABC.345/01DE-00", true},
		{"NATIONAL_ID", "CHL", "A-1/2.3 b", true},
		{"NATIONAL_ID", "CHL", strings.Repeat("9", 64), true},
		{"NATIONAL_ID", "CHL", strings.Repeat("9", 65), false},
		{"NATIONAL_ID", "CHL", "", false},
		{"NATIONAL_ID", "CHL", " .-/", false},
		{"NATIONAL_ID", "CHL", "A_1", true},
		{"NATIONAL_ID", "CHL", "Ñ1", true},
		{"NATIONAL_ID", "HKG", "A123456(3)", true},
		{"NATIONAL_ID", "SWE", "121212+1212", true},
		{"NATIONAL_ID", "GRC", "ΑΒ 123456", true},
		{"NATIONAL_ID", "CHL", "1\x00", false},
		{"NATIONAL_ID", "CHL", "1\u200b", false},
	}
	for _, tt := range tests {
		if got := iddocument.PlausibleFormat(tt.kind, tt.country, tt.number); got != tt.want {
			t.Errorf("PlausibleFormat(%q, %q, %q) = %v, want %v", tt.kind, tt.country, tt.number, got, tt.want)
		}
	}
}

func TestHolderTypes(t *testing.T) {
	type holders struct{ user, organization, known bool }
	both := holders{true, true, true}
	user := holders{true, false, true}
	organization := holders{false, true, true}
	tests := map[string]holders{
		"PASSPORT": both, "RFC": both, "CURP": user, "RUT": both, "RUN": both, // Conomy's table
		"CED_CIU": user, "CED_EXT": user, "NIT": both,
		"DNI": user, "CE": user, "RUC": both, "CUIL": user, "CUIT": both,

		"CPF": user, "CNPJ": organization, "CI": user, "RIF": both, "CEDULA": user, "RNC": both,
		"NATIONAL_ID": {}, "rut": both, "": {},
	}
	for kind, want := range tests {
		var got holders
		got.user, got.organization, got.known = iddocument.HolderTypes(kind)
		if got != want {
			t.Errorf("HolderTypes(%q) = %v, want %v", kind, got, want)
		}
	}
}

// TestCanonical: spellings of one number are equal, and different numbers are not.
func TestCanonical(t *testing.T) {
	for _, tt := range []struct {
		kind, country, a, b string
		want                bool
	}{
		{"RUT", "CHL", "12.345.678-k", "12345678K", true},
		{"RUT", "CHL", "012345678-5", "12.345.678-5", true},
		{"rut", "CHL", "12 345 678\u20115", "12\u00a0345\u202f678\u22125", true},
		{"RUT", "CHL", "12345678-5", "12345678-4", false},
		{"CPF", "BRA", "012.345.678-90", "1234567890", true},
		{"RIF", "VEN", "J-01234567-8", "j12345678", true},
		{"NATIONAL_ID", "HKG", "A123456(3)", "a1234563", true},
		{"NATIONAL_ID", "SWE", "121212+1212", "121212-1212", false},
		{"NATIONAL_ID", "", "A\u017f1", "AS1", false},
		{"NATIONAL_ID", "", "\u0131D1", "ID1", false},
		{"NATIONAL_ID", "", "\u212a1", "K1", true}, // canonically equal
		{"NATIONAL_ID", "", "A_1", "A1", false},
		{"NATIONAL_ID", "", "001", "1", false},
		{"PASSPORT", "CHL", "0012345", "12345", false},
		{"PASSPORT", "CHL", "ab-12 345", "AB12345", true},
		{"RNC", "DOM", "00100000009", "100000009", false}, // a person's and a company's
		{"RUT", "CHL", "0", "00", true},
		{"CED_EXT", "COL", "0A00", "A0", false},
	} {
		a, b := iddocument.Canonical(tt.kind, tt.country, tt.a), iddocument.Canonical(tt.kind, tt.country, tt.b)
		if (a == b) != tt.want {
			t.Errorf("Canonical of %s %q and %q = %q and %q, want equal: %v", tt.kind, tt.a, tt.b, a, b, tt.want)
		}
	}
}
