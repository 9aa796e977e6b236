package iddocument_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cedula/shared/iddocument"
)

// Tests the types whose arithmetic detects every single wrong digit. The others do not:
// CUIT, NIT, RIF, the RUCs of Peru and Paraguay and Peru's DNI (two remainders share a
// digit), CURP and Uruguay's CI (weights share a factor with 10), CPF, CNPJ and RNC.
func TestSingleDigitErrorIsDetected(t *testing.T) {
	guaranteed := map[string]func(number string, i int) bool{
		"RUT CHL":    nil,
		"RUT URY":    nil,
		"RFC MEX":    nil,
		"CI ECU":     nil,
		"CEDULA DOM": nil,
		"DNI PER":    func(n string, _ int) bool { return n[8] >= 'A' },                    // the letter
		"RUC ECU":    func(n string, i int) bool { return n[2] < '6' && i != 2 && i < 10 }, // persons, before the places
	}
	groups := map[string][]string{}
	for _, v := range vectors(t) {
		if v.oracle == valid {
			name := v.kind + " " + v.country
			groups[name] = append(groups[name], v.number)
		}
	}
	for name, covers := range guaranteed {
		kind, country, _ := strings.Cut(name, " ")
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				number := []byte(rapid.SampledFrom(groups[name]).Draw(t, "number"))
				i := rapid.IntRange(0, len(number)-1).Draw(t, "at")
				digit := byte(rapid.IntRange('0', '9').Draw(t, "digit"))
				if covers != nil && !covers(string(number), i) {
					return
				}
				if number[i] == digit || number[i] > '9' {
					return
				}
				number[i] = digit
				if got := iddocument.Check(kind, country, string(number)); got.Verdict == valid {
					t.Errorf("%s with one digit changed is valid, want invalid", number)
				}
			})
		})
	}
}

func TestSeparatorsAndCaseDoNotMatter(t *testing.T) {
	all := vectors(t)
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(all).Draw(t, "vector")
		var written strings.Builder
		for _, c := range v.number {
			written.WriteString(rapid.StringMatching(`[ ./-]{0,2}`).Draw(t, "separators"))
			if rapid.Bool().Draw(t, "lower") {
				written.WriteString(strings.ToLower(string(c)))
			} else {
				written.WriteRune(c)
			}
		}
		want := iddocument.Check(v.kind, v.country, v.number)
		if got := iddocument.Check(v.kind, v.country, written.String()); got != want {
			t.Errorf("Check(%q, %q, %q) = %v, want %v", v.kind, v.country, written.String(), got, want)
		}
		if want.Verdict != invalid && !iddocument.PlausibleFormat(v.kind, v.country, written.String()) {
			t.Errorf("PlausibleFormat(%q, %q, %q) = false, want true for a number that is %s", v.kind, v.country, written.String(), want.Verdict)
		}
	})
}

// FuzzCheck looks for panics, unknown verdicts and valid numbers with an implausible format.
func FuzzCheck(f *testing.F) {
	for i, v := range vectors(f) {
		if i%50 == 0 {
			f.Add(v.kind, v.country, v.number)
		}
	}
	f.Fuzz(func(t *testing.T, kind, country, number string) {
		got := iddocument.Check(kind, country, number)
		if got.Verdict != valid && got.Verdict != invalid && got.Verdict != unchecked || got.Reason == "" {
			t.Errorf("Check(%q, %q, %q) = %v, want a known verdict with a reason", kind, country, number, got)
		}
		if got.Verdict == valid && !iddocument.PlausibleFormat(kind, country, number) {
			t.Errorf("PlausibleFormat(%q, %q, %q) = false, want true for a valid number", kind, country, number)
		}
	})
}

// FuzzPlausibleFormat takes the type from the vectors, so that every rule gets malicious numbers.
func FuzzPlausibleFormat(f *testing.F) {
	all := vectors(f)
	f.Add(uint16(0), "Ñ\xff-1/")
	f.Fuzz(func(t *testing.T, pick uint16, number string) {
		v := all[int(pick)%len(all)]
		verdict := iddocument.Check(v.kind, v.country, number).Verdict
		if verdict != invalid && !iddocument.PlausibleFormat(v.kind, v.country, number) {
			t.Errorf("PlausibleFormat(%q, %q, %q) = false, want true for a number that is %s", v.kind, v.country, number, verdict)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	for _, v := range []struct{ name, kind, country, number string }{
		{"rut", "RUT", "CHL", "123456785"},
		{"rut written", "RUT", "CHL", "12.345.678-5"},
		{"curp", "CURP", "MEX", "XEXX010101HNEXXXA4"},
		{"cnpj written", "CNPJ", "BRA", "12.ABC.345/01DE-35"},
		{"last row", "RNC", "DOM", "101000007"},
		{"unknown", "NATIONAL_ID", "CHL", "12.345.678-5"},
	} {
		b.Run(v.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				iddocument.Check(v.kind, v.country, v.number)
			}
		})
	}
}
