package blnk_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cedula/shared/identity"
	"cedula/shared/registry"
)

// sampleValues are the values that identities and filters are made of.
var sampleValues = map[string][]string{
	"first_name":     {"", "Ana", "ana", "Zoë", "100%", "a_b", `a\b`},
	"email_address":  {"", "ana@example.com", "Ana@Example.com", "zoe@example.com", "bob@example.com"},
	"phone_number":   {"", "+15550000001", "+15550000002", "5550000003"},
	"post_code":      {"", "01234", "1234", "1e3"},
	"dob":            {"1990-01-15", "1985-12-31", "2001-07-01"},
	"meta_data.tier": {"gold", "silver", "10", "true", ""},
	"meta_data.rank": {"10", "9.5", "-1", "1e1", "0"},
	"created_at":     {"2026-03-04", "2026-03-05", "2026-03-04T12:00:00Z", "2026-03-05T00:00:00.5+01:00", "2026-03-06T00:00:00Z"},
	"identity_id":    {"p0", "p1", "p7", "p20", "p39", "nobody"},
}

// newRandomAPI has forty identities of sampleValues; every fourth is tokenized.
func newRandomAPI(t *testing.T) *testAPI {
	t.Helper()
	w := newTestAPI(t)
	draw := rand.New(rand.NewPCG(7, 7))
	pick := func(field string) string { return sampleValues[field][draw.IntN(len(sampleValues[field]))] }
	start := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	for n := range 40 {
		w.Now = start.Add(time.Duration(n) * 90 * time.Minute)
		born, _ := identity.ParseDate(pick("dob"))
		metadata := []string{
			`{}`, `{"tier":null,"rank":[1]}`, `{"tier":{"a":1},"rank":"` + pick("meta_data.rank") + `"}`,
			`{"rank":` + pick("meta_data.rank") + `,"tier":"` + pick("meta_data.tier") + `"}`, `{"tier":true}`, `{"tier":10}`,
		}[draw.IntN(6)]
		id := fmt.Sprintf("p%d", n)
		w.create(t, registry.Draft{ID: id, Profile: identity.Profile{
			FirstName: pick("first_name"), Email: pick("email_address"), Phone: pick("phone_number"), BirthDate: born,
			Address: identity.Address{PostalCode: pick("post_code")}, Metadata: identity.JSON(metadata),
		}})
		if n%4 == 0 {
			_, err := w.Identities.Tokenize(t.Context(), registry.Change{Tenant: "acme", ID: id}, identity.FieldEmail, identity.FieldPhone, identity.FieldFirstName)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return w
}

// TestConditionsCombine compares each list with the lists of its conditions alone: "and"
// is their intersection and "or" their union, whichever of them an index serves, and each
// condition and its opposite share out all identities.
func TestConditionsCombine(t *testing.T) {
	w := newRandomAPI(t)
	all := w.listIDs(t, "")
	rapid.Check(t, func(t *rapid.T) {
		w.Transcript.Reset()
		one, two := genCondition.Draw(t, "one"), genCondition.Draw(t, "two")
		first, second := w.listIDs(t, one), w.listIDs(t, two)
		if strings.Split(one, "=")[0] == strings.Split(two, "=")[0] {
			return // one parameter, sent twice
		}
		for operator, want := range map[string]func(id string) bool{
			"and": func(id string) bool { return slices.Contains(first, id) && slices.Contains(second, id) },
			"or":  func(id string) bool { return slices.Contains(first, id) || slices.Contains(second, id) },
		} {
			got := w.listIDs(t, one+"&"+two+"&logical_operator="+operator+"&limit="+rapid.SampledFrom([]string{"3", "100"}).Draw(t, "limit"))
			if want := filterIDs(all, want); !slices.Equal(got, want) {
				t.Errorf("%s %s %s lists %v, want %v", one, operator, two, got, want)
			}
		}
		for operator, opposite := range map[string]string{"_eq=": "_ne=", "_isnull=": "_isnotnull="} {
			if !strings.Contains(one, operator) {
				continue
			}
			got := w.listIDs(t, strings.Replace(one, operator, opposite, 1))
			if want := filterIDs(all, func(id string) bool { return !slices.Contains(first, id) }); !slices.Equal(got, want) {
				t.Errorf("the opposite of %s lists %v, want %v", one, got, want)
			}
		}
	})
}

var genCondition = rapid.Custom(func(t *rapid.T) string {
	fields := []string{"first_name", "email_address", "phone_number", "post_code", "dob", "meta_data.tier", "meta_data.rank", "created_at", "identity_id"}
	field := rapid.SampledFrom(fields).Draw(t, "field")
	value := rapid.SampledFrom(sampleValues[field])
	operators := []string{"eq", "eq", "gt", "gte", "lt", "lte", "in", "between", "isnull"}
	if field != "dob" && field != "created_at" {
		operators = append(operators, "like", "ilike")
	}
	operator := rapid.SampledFrom(operators).Draw(t, "operator")
	text := value.Draw(t, "value")
	switch operator {
	case "isnull":
		text = ""
	case "in":
		text += "," + value.Draw(t, "value")
	case "between":
		text += "|" + value.Draw(t, "value")
	case "like", "ilike":
		text = rapid.SampledFrom([]string{"%", text, strings.ToUpper(text), "%" + text, "_" + text, "%n%", "%e%.com", "1_"}).Draw(t, "pattern")
	}
	return field + "_" + operator + "=" + url.QueryEscape(text)
})

func filterIDs(ids []string, keep func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !keep(id) })
}

// listIDs reads a list to its end.
func (w *testAPI) listIDs(t rapid.TB, query string) (ids []string) {
	for range 60 {
		got := w.Send(listRequest(query))
		var page []struct {
			ID string `json:"identity_id"`
		}
		if err := json.Unmarshal([]byte(got.Body), &page); err != nil || got.StatusCode != 200 {
			t.Fatalf("GET ?%s: status = %d: %s", query, got.StatusCode, got.Body)
		}
		for _, i := range page {
			ids = append(ids, i.ID)
		}
		link := got.MultiValueHeaders["Link"]
		if len(link) == 0 {
			return ids
		}
		query = linkPattern.FindStringSubmatch(link[0])[1]
	}
	t.Fatalf("GET ?%s: the list does not end", query)
	return nil
}
