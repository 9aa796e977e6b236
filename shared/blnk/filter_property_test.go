package blnk_test

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sampleValues are values of the identities of newSampleAPI, and similar ones.
var sampleValues = map[string][]string{
	"first_name":      {"", "Ana", "ana", "Bea", "Zoë", "100%", "a_b", `a\b`},
	"email_address":   {"", "ana@example.com", "Ana@Example.com", "bea@example.com", "bob@example.com"},
	"phone_number":    {"", "+15551234567", "+56912345678", "5550000003"},
	"post_code":       {"", "01234", "1234", "1e3"},
	"dob":             {"1990-01-15", "1985-06-30", "2001-07-01"},
	"meta_data.tier":  {"gold", "silver", "10", "true", ""},
	"meta_data.score": {"10", "9.5", "-1", "1e1", "9007199254740993"},
	"created_at":      {"2026-03-04", "2026-03-05", "2026-03-04T05:08:00Z", "2026-03-04T06:10:00.5+01:00"},
	"identity_id":     {sampleID(1), sampleID(3), sampleID(6), "foreign"},
}

// TestConditionsCombine compares the list of two conditions with the lists of each: "and" is their intersection, "or" is
// their union, and a negated condition lists the other identities, whichever condition uses an index.
func TestConditionsCombine(t *testing.T) {
	w := newSampleAPI(t)
	wantStatus(t, w.Send(newRequest("tokenize-identity", sampleID(1), `{"fields":["FirstName","EmailAddress","PhoneNumber"]}`)), 200)
	list := func(query string) string {
		listed, _ := w.readAllPages(t, listRequest(query))
		return listed
	}
	all := list("")
	filter := func(keep func(id rune) bool) string {
		return strings.Map(func(id rune) rune {
			if !keep(id) {
				return -1
			}
			return id
		}, all)
	}
	rapid.Check(t, func(r *rapid.T) {
		w.Transcript.Reset()
		one, two := genCondition.Draw(r, "one"), genCondition.Draw(r, "two")
		first, second := list(one), list(two)
		limit := rapid.SampledFrom([]string{"3", "100"}).Draw(r, "limit")
		if strings.Split(one, "=")[0] == strings.Split(two, "=")[0] {
			return // one parameter, sent twice
		}
		for operator, keep := range map[string]func(rune) bool{
			"and": func(id rune) bool { return strings.ContainsRune(first, id) && strings.ContainsRune(second, id) },
			"or":  func(id rune) bool { return strings.ContainsRune(first+second, id) },
		} {
			got := list(one + "&" + two + "&logical_operator=" + operator + "&limit=" + limit)
			if want := filter(keep); got != want {
				r.Errorf("%s %s %s lists %s, want %s", one, operator, two, got, want)
			}
		}
		opposite := strings.NewReplacer("_eq=", "_ne=", "_isnull=", "_isnotnull=").Replace(one)
		if got, want := list(opposite), filter(func(id rune) bool { return !strings.ContainsRune(first, id) }); opposite != one && got != want {
			r.Errorf("%s lists %s, want %s as %s lists %s", opposite, got, want, one, first)
		}
	})
}

var genCondition = rapid.Custom(func(r *rapid.T) string {
	field := rapid.SampledFrom(slices.Sorted(maps.Keys(sampleValues))).Draw(r, "field")
	value := rapid.SampledFrom(sampleValues[field])
	operators := []string{"eq", "eq", "gt", "gte", "lt", "lte", "in", "between", "isnull"}
	if field != "dob" && field != "created_at" {
		operators = append(operators, "like", "ilike")
	}
	operator, text := rapid.SampledFrom(operators).Draw(r, "operator"), value.Draw(r, "value")
	switch operator {
	case "isnull":
		text = ""
	case "in":
		text += "," + value.Draw(r, "value")
	case "between":
		text += "|" + value.Draw(r, "value")
	case "like", "ilike":
		text = rapid.SampledFrom([]string{"%", text, strings.ToUpper(text), "%" + text, "_" + text, "%n%", "%e%.com", "1_"}).Draw(r, "pattern")
	}
	return field + "_" + operator + "=" + url.QueryEscape(text)
})
