package iso_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cedula/shared/iso"
)

// lines are those of a file in testdata that are no comment.
func lines(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Split(strings.TrimSpace(string(text)), "\n")
	return slices.DeleteFunc(list, func(line string) bool { return strings.HasPrefix(line, "#") })
}

// alpha3 are the countries of a file by their alpha-2 codes.
func alpha3(t *testing.T, name string) map[string]string {
	t.Helper()
	codes := map[string]string{}
	for _, line := range lines(t, name) {
		two, three, _ := strings.Cut(line, " ")
		codes[two] = three
	}
	return codes
}

// allCodes are all three upper-case letters.
func allCodes(yield func(string) bool) {
	for i := range 26 * 26 * 26 {
		if !yield(string([]byte{'A' + byte(i/676), 'A' + byte(i/26%26), 'A' + byte(i%26)})) {
			return
		}
	}
}

// compareCodes compares the codes that are taken with a snapshot and what was changed.
func compareCodes(t *testing.T, taken func(string) bool, snapshot []string, changes map[string]bool) {
	t.Helper()
	for code := range allCodes {
		want := slices.Contains(snapshot, code)
		if change, ok := changes[code]; ok {
			if change == want {
				t.Errorf("%s is no change", code)
			}
			want = change
		}
		if taken(code) != want {
			t.Errorf("%s: got %v, want %v", code, !want, want)
		}
	}
}

func TestCountries(t *testing.T) {
	for file, changes := range map[string]map[string]bool{
		"countries-iso-codes.txt":          {"XKX": true},               // Kosovo, user-assigned
		"countries-i18n-iso-countries.txt": {"XKX": true, "XKK": false}, // the same in Unicode's data
	} {
		t.Run(file, func(t *testing.T) {
			var snapshot []string
			for _, code := range alpha3(t, file) {
				snapshot = append(snapshot, code)
			}
			compareCodes(t, iso.IsCountry, snapshot, changes)
		})
	}
}

func TestCurrencies(t *testing.T) {
	for file, changes := range map[string]map[string]bool{
		"currencies-iso-codes.txt": {
			"ANG": false, "BGN": false, "CUC": false, "HRK": false, "SLL": false, "ZWL": false, // withdrawn
			"XAD": true, "XCG": true, "ZWG": true, // new
			"XTS": false, "XXX": false, // no money
		},
		"currencies-pycountry.txt": {"XTS": false, "XXX": false},
	} {
		t.Run(file, func(t *testing.T) { compareCodes(t, iso.IsCurrency, lines(t, file), changes) })
	}
}

// What other lists got wrong, and what Conomy lists.
func TestKnownCodes(t *testing.T) {
	for _, code := range strings.Fields("VES VED SLE MRU ZWG XCG STN BYN UYU CLP MXN COP PEN BOB PYG AUD ARS BRL USD CAD EUR GBP CRC CUP DOP GTQ JMD PAB") {
		if !iso.IsCurrency(code) || iso.IsCryptocurrency(code) {
			t.Errorf("%s is no currency", code)
		}
	}
	for _, code := range strings.Fields("VEF MRO STD BYR USDC USDT BTC usd US USDX 840") {
		if iso.IsCurrency(code) {
			t.Errorf("%s is a currency", code)
		}
	}
	for _, code := range strings.Fields("CHL MEX COL BRA ARG PER BOL PRY AUS CRI DOM ECU PAN URY VEN USA CAN GBR FRA DEU ESP CHN HKG XKX SSD") {
		if !iso.IsCountry(code) {
			t.Errorf("%s is no country", code)
		}
	}
	for _, code := range []string{"", "CL", "chl", "CHLE", "CHI", "ANT", "XKK", "EUR", "UK ", "CH ", "ZZZ", "AAA", "\xff\xff\xff"} {
		if iso.IsCountry(code) {
			t.Errorf("%q is a country", code)
		}
	}
	if !iso.IsCryptocurrency("USDC") || !iso.IsCryptocurrency("USDT") || iso.IsCryptocurrency("usdc") || iso.IsCryptocurrency("USD") || iso.IsCryptocurrency("") {
		t.Error("USDC and USDT are the currencies beside ISO 4217")
	}
}

func TestPhoneMatchesCountry(t *testing.T) {
	tests := []struct {
		number, country string
		want            bool
	}{
		{"+5691111111", "CHL", true}, // Conomy's own examples, one digit short
		{"+5692111111", "CHL", true},
		{"+56912345678", "CHL", true},
		{"+56912345678", "ARG", false},
		{"+569", "CHL", false},
		{"+56912345678901", "CHL", true},
		{"+5691234567890123", "CHL", false},
		{"+525512345678", "MEX", true},
		{"+5215512345678", "MEX", true}, // mobiles before 2019
		{"+5491123456789", "ARG", true},
		{"+22507123456", "CIV", true}, // before 2021
		{"+18091234567", "DOM", true},
		{"+12125551234", "DOM", true}, // area codes are not asked
		{"+1809123", "DOM", false},
		{"+38344123456", "XKX", true},
		{"+390669812345", "VAT", true}, // the Vatican uses Italy's
		{"+37966982", "VAT", true},     // and has one
		{"+77012345678", "KAZ", true},
		{"+79161234567", "RUS", true},
		{"+67210123", "ATA", true},
		{"56912345678", "CHL", false},
		{"+056912345678", "CHL", false},
		{"+56 912345678", "CHL", false},
		{"+5691234567a", "CHL", false},
		{"+", "CHL", false},
		{"", "CHL", false},
		{"+56912345678", "", false},
		{"+56912345678", "CL", false},
		{"+56912345678", "chl", false},
		{"+56912345678", "ZZZ", false},
		{"+263771234567", "ZWE", true}, // the last row
	}
	for _, tt := range tests {
		if got := iso.PhoneMatchesCountry(tt.number, tt.country); got != tt.want {
			t.Errorf("%s of %q: got %v", tt.number, tt.country, got)
		}
	}
}

func FuzzPhoneMatchesCountry(f *testing.F) {
	f.Add("+56912345678", "CHL")
	f.Fuzz(func(t *testing.T, number, country string) {
		if iso.PhoneMatchesCountry(number, country) && !iso.IsCountry(country) {
			t.Errorf("%q fits %q, which is no country", number, country)
		}
	})
}

func BenchmarkLookUps(b *testing.B) {
	for name, look := range map[string]func() bool{
		"country":  func() bool { return iso.IsCountry("URY") },
		"currency": func() bool { return iso.IsCurrency("UYU") },
		"phone":    func() bool { return iso.PhoneMatchesCountry("+59899123456", "URY") },
		"unknown":  func() bool { return iso.IsCountry("XYZ") },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				look()
			}
		})
	}
}

func TestLookUpsAllocateNothing(t *testing.T) {
	n := testing.AllocsPerRun(100, func() {
		iso.IsCountry("URY")
		iso.IsCurrency("UYU")
		iso.PhoneMatchesCountry("+59899123456", "URY")
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
