package iso_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"cedula/shared/iso"
)

// regions are those of the oracle by their alpha-3 codes. It tells apart two
// islands that ISO 3166-1 does not.
func regions(t *testing.T) map[string]string {
	t.Helper()
	codes := alpha3(t, "countries-iso-codes.txt")
	codes["XK"] = "XKX"
	list := map[string]string{}
	for region := range phonenumbers.GetSupportedRegions() {
		if code, ok := codes[region]; ok {
			list[region] = code
		} else if region != "AC" && region != "TA" { // Ascension, Tristan da Cunha
			t.Errorf("no country for region %s", region)
		}
	}
	if len(list) < 243 {
		t.Errorf("%d regions", len(list))
	}
	return list
}

// Every kind of example number of every region fits it.
func TestExampleNumbersMatchCountry(t *testing.T) {
	examples := 0
	for region, code := range regions(t) {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			n := phonenumbers.GetExampleNumberForType(region, kind)
			if n == nil {
				continue
			}
			examples++
			if e164 := phonenumbers.Format(n, phonenumbers.E164); !iso.PhoneMatchesCountry(e164, code) {
				t.Errorf("%s does not fit %s", e164, code)
			}
		}
	}
	if examples < 800 {
		t.Errorf("%d examples", examples)
	}
}

// A number fits the countries whose dial code it begins with, and no others:
// a national number of each region is tried behind every dial code there may be.
func TestDialCodes(t *testing.T) {
	vatican := "+379" // assigned, not in use: the oracle has 39 alone
	for region, code := range regions(t) {
		national := phonenumbers.GetNationalSignificantNumber(phonenumbers.GetExampleNumber(region))
		want := fmt.Sprintf("+%d", phonenumbers.GetCountryCodeForRegion(region))
		for dial := 1; dial < 1000; dial++ {
			number := fmt.Sprintf("+%d%s", dial, national)
			fits, begins := iso.PhoneMatchesCountry(number, code), strings.HasPrefix(number, want)
			switch {
			case code == "VAT" && strings.HasPrefix(number, vatican):
			case fits && !begins:
				t.Errorf("%s fits %s, whose dial code is %s", number, code, want)
			case !fits && number == want+national:
				t.Errorf("%s does not fit %s", number, code)
			}
		}
	}
}

// Where the oracle has no region, the dial code is the one that ITU-T assigned
// to the country or to the one it belongs to.
func TestDialCodesWithoutOracle(t *testing.T) {
	assigned := map[string]string{
		"ATA": "+67210123", "ATF": "+262262123456", "BVT": "+4721123456", "HMD": "+672312345",
		"PCN": "+6432345678", "SGS": "+50012345", "UMI": "+18085551234",
	}
	known := regions(t)
	for region, code := range alpha3(t, "countries-iso-codes.txt") {
		if number, ok := assigned[code]; ok != (known[region] == "") || ok && !iso.PhoneMatchesCountry(number, code) {
			t.Errorf("%s has %q", code, number)
		}
	}
}
