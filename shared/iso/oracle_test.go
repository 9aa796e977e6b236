package iso_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"cedula/shared/iso"
)

// regions returns the regions of phonenumbers with their alpha-3 codes. It has two islands
// more than ISO 3166-1.
func regions(t *testing.T) map[string]string {
	t.Helper()
	codes := alpha3ByAlpha2(t, "countries-iso-codes.txt")
	codes["XK"] = "XKX"
	list := map[string]string{}
	for region := range phonenumbers.GetSupportedRegions() {
		if code, ok := codes[region]; ok {
			list[region] = code
		} else if region != "AC" && region != "TA" { // Ascension, Tristan da Cunha
			t.Errorf("region %s is not in the snapshot of countries", region)
		}
	}
	if len(list) < 243 {
		t.Errorf("phonenumbers has %d regions, want at least 243", len(list))
	}
	return list
}

func TestExampleNumbersOfEveryKindMatch(t *testing.T) {
	examples := 0
	for region, code := range regions(t) {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			n := phonenumbers.GetExampleNumberForType(region, kind)
			if n == nil {
				continue
			}
			examples++
			if e164 := phonenumbers.Format(n, phonenumbers.E164); !iso.PhoneMatchesCountry(e164, code) {
				t.Errorf("%s does not match %s", e164, code)
			}
		}
	}
	if examples < 800 {
		t.Errorf("phonenumbers has %d example numbers, want at least 800", examples)
	}
}

// Puts a national number of each region behind every possible dial code.
func TestOnlyOwnDialCodeMatches(t *testing.T) {
	for region, code := range regions(t) {
		national := phonenumbers.GetNationalSignificantNumber(phonenumbers.GetExampleNumber(region))
		own := fmt.Sprintf("+%d", phonenumbers.GetCountryCodeForRegion(region))
		for dial := 1; dial < 1000; dial++ {
			number := fmt.Sprintf("+%d%s", dial, national)
			if code == "VAT" && strings.HasPrefix(number, "+379") {
				continue // assigned to the Vatican but not in use: phonenumbers knows 39 alone
			}
			got := iso.PhoneMatchesCountry(number, code)
			if got && !strings.HasPrefix(number, own) {
				t.Errorf("%s matches %s, whose dial code is %s", number, code, own)
			}
			if !got && number == own+national {
				t.Errorf("%s does not match %s", number, code)
			}
		}
	}
}

// Countries without a region in phonenumbers use the dial code that ITU-T assigned to them
// or to the country they belong to.
func TestDialCodesThatOracleLacks(t *testing.T) {
	assigned := map[string]string{
		"ATA": "+67210123", "ATF": "+262262123456", "BVT": "+4721123456", "HMD": "+672312345",
		"PCN": "+6432345678", "SGS": "+50012345", "UMI": "+18085551234",
	}
	known := regions(t)
	for region, code := range alpha3ByAlpha2(t, "countries-iso-codes.txt") {
		number, listed := assigned[code]
		if listed == (known[region] != "") {
			t.Errorf("%s has a number here and a region in phonenumbers, or neither", code)
		}
		if listed && !iso.PhoneMatchesCountry(number, code) {
			t.Errorf("%s does not match %s", number, code)
		}
	}
}
