package iso_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cedula/shared/iso"
)

// snapshot returns the lines of a file in testdata without its comments.
func snapshot(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "#") })
}

// alpha3ByAlpha2 returns the countries of a snapshot.
func alpha3ByAlpha2(t *testing.T, name string) map[string]string {
	t.Helper()
	codes := map[string]string{}
	for _, line := range snapshot(t, name) {
		alpha2, alpha3, _ := strings.Cut(line, " ")
		codes[alpha2] = alpha3
	}
	return codes
}

// checkCodes tries every combination of three letters: the codes of a snapshot are
// accepted and all others rejected, except for the differences listed.
func checkCodes(t *testing.T, accepts func(string) bool, codes []string, differences map[string]bool) {
	t.Helper()
	for i := range 26 * 26 * 26 {
		code := string([]byte{'A' + byte(i/676), 'A' + byte(i/26%26), 'A' + byte(i%26)})
		want := slices.Contains(codes, code)
		if different, ok := differences[code]; ok {
			if different == want {
				t.Errorf("%s is listed as a difference, but the snapshot agrees", code)
			}
			want = different
		}
		if got := accepts(code); got != want {
			t.Errorf("%s accepted = %v, want %v", code, got, want)
		}
	}
}

func TestCountriesMatchSnapshots(t *testing.T) {
	for file, differences := range map[string]map[string]bool{
		"countries-iso-codes.txt":          {"XKX": true},               // Kosovo, user-assigned
		"countries-i18n-iso-countries.txt": {"XKX": true, "XKK": false}, // the same in Unicode's data
	} {
		t.Run(file, func(t *testing.T) {
			var codes []string
			for _, code := range alpha3ByAlpha2(t, file) {
				codes = append(codes, code)
			}
			checkCodes(t, iso.IsCountry, codes, differences)
		})
	}
}

func TestCurrenciesMatchSnapshots(t *testing.T) {
	for file, differences := range map[string]map[string]bool{
		"currencies-iso-codes.txt": {
			"ANG": false, "BGN": false, "CUC": false, "HRK": false, "SLL": false, "ZWL": false, // withdrawn
			"XAD": true, "XCG": true, "ZWG": true, // new
			"XTS": false, "XXX": false, // not money
		},
		"currencies-pycountry.txt": {"XTS": false, "XXX": false},
	} {
		t.Run(file, func(t *testing.T) { checkCodes(t, iso.IsCurrency, snapshot(t, file), differences) })
	}
}

// checkAll checks one result for a list of codes.
func checkAll(t *testing.T, name string, accepts func(string) bool, want bool, codes ...string) {
	t.Helper()
	for _, code := range codes {
		if got := accepts(code); got != want {
			t.Errorf("%s(%q) = %v, want %v", name, code, got, want)
		}
	}
}

// Codes that are not three upper-case letters, and those that Conomy lists.
func TestKnownCodes(t *testing.T) {
	conomy := strings.Fields("VES CLP MXN COP PEN BOB PYG AUD ARS BRL USD CAD EUR GBP CRC CUP DOP GTQ JMD PAB")
	checkAll(t, "IsCurrency", iso.IsCurrency, true, conomy...)
	checkAll(t, "IsCurrency", iso.IsCurrency, false, "USDC", "USDT", "BTC", "usd", "US", "USDX", "840")
	checkAll(t, "IsCountry", iso.IsCountry, false, "", "CL", "chl", "CHLE", "UK ", "CH ", "\xff\xff\xff")
	checkAll(t, "IsCryptocurrency", iso.IsCryptocurrency, true, "USDC", "USDT")
	checkAll(t, "IsCryptocurrency", iso.IsCryptocurrency, false, "usdc", "USD", "")
}

func TestPhoneMatchesCountry(t *testing.T) {
	tests := []struct {
		number, country string
		want            bool
	}{
		{"+5691111111", "CHL", true}, // Conomy's own examples, one digit short
		{"+56912345678", "CHL", true},
		{"+56912345678", "ARG", false},
		{"+569", "CHL", false},
		{"+56912345678901", "CHL", true},
		{"+5691234567890123", "CHL", false},
		{"+5215512345678", "MEX", true}, // mobiles before 2019
		{"+22507123456", "CIV", true},   // before 2021
		{"+12125551234", "DOM", true},   // area codes are not checked
		{"+1809123", "DOM", false},
		{"+38344123456", "XKX", true},
		{"+390669812345", "VAT", true}, // the Vatican uses Italy's dial code
		{"+37966982", "VAT", true},     // and has one of its own
		{"56912345678", "CHL", false},
		{"+056912345678", "CHL", false},
		{"+56 912345678", "CHL", false},
		{"+5691234567a", "CHL", false},
		{"+", "CHL", false},
		{"", "CHL", false},
		{"+56912345678", "", false},
		{"+56912345678", "CL", false},
		{"+56912345678", "ZZZ", false},
	}
	for _, tt := range tests {
		if got := iso.PhoneMatchesCountry(tt.number, tt.country); got != tt.want {
			t.Errorf("PhoneMatchesCountry(%q, %q) = %v, want %v", tt.number, tt.country, got, tt.want)
		}
	}
}
