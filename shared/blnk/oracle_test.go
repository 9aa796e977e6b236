package blnk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cedula/shared/identity"
	"cedula/shared/registry"
)

// visibleIdentity is an identity as a client sees it, with the clear values of what is
// tokenized in it.
type visibleIdentity struct {
	values    map[string]any
	plaintext map[string]string
}

// sampleValues are the values that identities and filters are made of.
var sampleValues = map[string][]string{
	"first_name":     {"", "Ana", "ana", "Zoë", "100%", "a_b", `a\b`},
	"last_name":      {"", "Ñandú", "Smith", "smith"},
	"country":        {"", "US", "CHL"},
	"email_address":  {"", "ana@example.com", "Ana@Example.com", "zoe@example.com", "bob@example.com"},
	"phone_number":   {"", "+15550000001", "+15550000002", "5550000003"},
	"post_code":      {"", "01234", "1234", "1e3"},
	"dob":            {"", "1990-01-15", "1985-12-31", "2001-07-01"},
	"meta_data.tier": {"gold", "silver", "10", "true", ""},
	"meta_data.rank": {"10", "9.5", "-1", "1e1", "0"},
	"created_at":     {"2026-03-04", "2026-03-05", "2026-03-04T12:00:00Z", "2026-03-05T00:00:00.5+01:00", "2026-03-06T00:00:00Z"},
	"identity_id":    {"p0", "p1", "p7", "p20", "p39", "nobody"},
}

// newRandomAPI makes forty identities of the pool's values, of which some are
// tokenized, and returns them as they are shown, the newest first.
func newRandomAPI(t *testing.T) (*testAPI, []visibleIdentity) {
	t.Helper()
	c := newTestAPI(t)
	draw := rand.New(rand.NewPCG(7, 7))
	pick := func(field string) string { return sampleValues[field][draw.IntN(len(sampleValues[field]))] }
	inClear := make(map[string]map[string]string)
	start := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	for n := range 40 {
		c.now = start.Add(time.Duration(n) * 90 * time.Minute)
		born, _ := identity.ParseDate(pick("dob"))
		metadata := []string{
			`null`, `{}`, `{"tier":null,"rank":[1]}`, `{"tier":{"a":1},"rank":"` + pick("meta_data.rank") + `"}`,
			`{"rank":` + pick("meta_data.rank") + `,"tier":"` + pick("meta_data.tier") + `"}`, `{"tier":true}`, `{"tier":10}`,
		}[draw.IntN(7)]
		d := registry.Draft{Tenant: "acme", ID: fmt.Sprintf("p%d", n), Trusted: draw.IntN(2) == 0, Status: identity.Active, Profile: identity.Profile{
			FirstName: pick("first_name"), LastName: pick("last_name"), Country: pick("country"), Email: pick("email_address"), Phone: pick("phone_number"),
			BirthDate: born, Address: identity.Address{PostalCode: pick("post_code")},
		}}
		if metadata != "null" {
			d.Metadata = identity.JSON(metadata)
		}
		if _, err := c.api.Identities.Create(context.Background(), d); err != nil {
			t.Fatal(err)
		}
		if n%4 == 0 {
			inClear[d.ID] = map[string]string{"email_address": d.Email, "phone_number": d.Phone}
			if _, err := c.api.Identities.Tokenize(context.Background(), registry.Change{Tenant: "acme", ID: d.ID},
				identity.FieldEmail, identity.FieldPhone, identity.FieldFirstName); err != nil {
				t.Fatal(err)
			}
		}
	}
	var all []map[string]any
	d := json.NewDecoder(strings.NewReader(c.send(listRequest("")).Body))
	d.UseNumber()
	if err := d.Decode(&all); err != nil || len(all) != 40 {
		t.Fatal(len(all), err)
	}
	var people []visibleIdentity
	for _, values := range all {
		people = append(people, visibleIdentity{values, inClear[values["identity_id"].(string)]})
	}
	return c, people
}

// TestFiltersMatchOracle: both routes find what a plain reading of the rules
// finds among all identities, page by page.
func TestFiltersMatchOracle(t *testing.T) {
	c, people := newRandomAPI(t)
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		conditions := distinctConditions(rapid.SliceOfN(genCondition(), 1, 4).Draw(t, "conditions"))
		join := rapid.SampledFrom([]string{"", "and", "or"}).Draw(t, "join")
		limit := rapid.SampledFrom([]int{1, 3, 10, 100}).Draw(t, "limit")
		want := ""
		for _, p := range people {
			if p.matches(conditions, join == "or") {
				want += p.values["identity_id"].(string) + " "
				found++
			}
		}
		got := c.listIDs(t, listRequest(encodeQuery(conditions, join)+fmt.Sprintf("&limit=%d", limit)))
		if got != want {
			t.Fatalf("GET: got  %s\nwant %s", got, want)
		}
		got = c.listIDs(t, filterRequest(encodeBody(conditions, join, limit)))
		if got != want {
			t.Fatalf("POST: got  %s\nwant %s", got, want)
		}
		c.transcript.Reset()
	})
	if found < 100 {
		t.Errorf("%d found: the filters are too narrow", found)
	}
}

// distinctConditions leaves out what cannot stand in one query: an operator on a field twice.
func distinctConditions(list []filterCondition) (kept []filterCondition) {
	for _, c := range list {
		if !slices.ContainsFunc(kept, func(k filterCondition) bool { return k.field == c.field && k.operator == c.operator }) {
			kept = append(kept, c)
		}
	}
	return kept
}

func genCondition() *rapid.Generator[filterCondition] {
	fields := []string{"first_name", "last_name", "country", "email_address", "phone_number", "post_code", "dob", "meta_data.tier", "meta_data.rank", "created_at", "identity_id"}
	return rapid.Custom(func(t *rapid.T) filterCondition {
		field := rapid.SampledFrom(fields).Draw(t, "field")
		operators := []string{"eq", "ne", "gt", "gte", "lt", "lte", "in", "between", "isnull", "isnotnull", "like", "ilike"}
		values := sampleValues[field]
		if field == "dob" {
			values = values[1:]
		}
		if field == "dob" || field == "created_at" {
			operators = operators[:10]
		}
		c := filterCondition{field: field, operator: rapid.SampledFrom(operators).Draw(t, "operator")}
		count := map[string]int{"between": 2, "isnull": 0, "isnotnull": 0}
		n, special := count[c.operator]
		if !special {
			n = 1
		}
		if c.operator == "in" {
			n = rapid.IntRange(1, 4).Draw(t, "values")
		}
		for range n {
			v := rapid.SampledFrom(values).Draw(t, "value")
			if c.operator == "like" || c.operator == "ilike" {
				v = rapid.SampledFrom([]string{"%", "", v, strings.ToUpper(v), "%" + v, "_" + v, "%n%", "%e%.com", "1_", `%\%`}).Draw(t, "pattern")
			}
			c.values = append(c.values, v)
		}
		return c
	})
}

func (s visibleIdentity) matches(conditions []filterCondition, anyOf bool) bool {
	for _, c := range conditions {
		if s.satisfies(c) == anyOf {
			return anyOf
		}
	}
	return !anyOf
}

func (s visibleIdentity) satisfies(c filterCondition) bool {
	value, null, opaque := s.value(c.field)
	switch c.operator {
	case "isnull":
		return null
	case "isnotnull":
		return !null
	}
	missing := null && (c.field == "dob" || strings.HasPrefix(c.field, "meta_data."))
	if opaque || missing {
		return c.operator == "ne"
	}
	compare := func(n int) int { return s.compare(c.field, value, c.values[n]) }
	same := func(n int) bool { return s.equals(c.field, value, c.values[n]) }
	switch c.operator {
	case "eq":
		return same(0)
	case "ne":
		return !same(0)
	case "in":
		for n := range c.values {
			if same(n) {
				return true
			}
		}
		return false
	case "gt":
		return compare(0) > 0
	case "gte":
		return compare(0) >= 0
	case "lt":
		return compare(0) < 0
	case "lte":
		return compare(0) <= 0
	case "between":
		return compare(0) >= 0 && compare(1) <= 0
	case "ilike":
		return likeToRegexp(strings.ToLower(c.values[0])).MatchString(strings.ToLower(formatValue(value)))
	}
	return likeToRegexp(c.values[0]).MatchString(formatValue(value))
}

// value is what a client sees of a field.
func (s visibleIdentity) value(field string) (value any, null, opaque bool) {
	if key, ok := strings.CutPrefix(field, "meta_data."); ok {
		members, _ := s.values["meta_data"].(map[string]any)
		value = members[key]
		switch value.(type) {
		case []any, map[string]any:
			return nil, false, true
		}
		return value, value == nil, false
	}
	value = s.values[field]
	return value, value == "" || field == "dob" && value == "0001-01-01T00:00:00Z", false
}

func formatValue(value any) string { return fmt.Sprint(value) }

func (s visibleIdentity) equals(field string, value any, sent string) bool {
	plain, tokenized := s.plaintext[field]
	switch {
	case field == "email_address" && tokenized:
		return strings.EqualFold(plain, sent)
	case field == "email_address":
		return strings.EqualFold(formatValue(value), sent)
	case tokenized:
		return plain == sent
	case field == "created_at":
		at, _ := time.Parse(time.RFC3339, formatValue(value))
		return at.Equal(parseTime(sent))
	}
	return s.compare(field, value, sent) == 0
}

func (s visibleIdentity) compare(field string, value any, sent string) int {
	switch field {
	case "dob":
		return strings.Compare(strings.TrimSuffix(formatValue(value), "T00:00:00Z"), sent)
	case "created_at":
		at, _ := time.Parse(time.RFC3339, formatValue(value))
		return at.Compare(parseTime(sent))
	}
	if number, ok := value.(json.Number); ok {
		own, _ := new(big.Rat).SetString(number.String())
		if other, ok := new(big.Rat).SetString(sent); ok {
			return own.Cmp(other)
		}
	}
	return strings.Compare(formatValue(value), sent)
}

func parseTime(sent string) time.Time {
	moment, err := time.Parse(time.RFC3339, sent)
	if err != nil {
		moment, _ = time.Parse(time.DateOnly, sent)
	}
	return moment
}

// filterCondition is one filter.
type filterCondition struct {
	field, operator string
	values          []string
}

// encodeQuery is the conditions as parameters.
func encodeQuery(conditions []filterCondition, join string) string {
	q := make(url.Values)
	for _, c := range conditions {
		separator := ","
		if c.operator == "between" {
			separator = "|"
		}
		q.Add(c.field+"_"+c.operator, strings.Join(c.values, separator))
	}
	if join != "" {
		q.Set("logical_operator", join)
	}
	return q.Encode()
}

// encodeBody is the conditions as a filter's body.
func encodeBody(conditions []filterCondition, join string, limit int) string {
	all := map[string]any{"limit": limit, "logical_operator": join}
	filters := []map[string]any{}
	for _, c := range conditions {
		f := map[string]any{"field": c.field, "operator": c.operator}
		switch {
		case c.operator == "in" || c.operator == "between":
			f["values"] = c.values
		case len(c.values) == 1:
			f["value"] = c.values[0]
		}
		filters = append(filters, f)
	}
	all["filters"] = filters
	text, _ := json.Marshal(all)
	return string(text)
}

// listIDs reads a list to its end.
func (w *testAPI) listIDs(t *rapid.T, r request) string {
	met := ""
	for range 60 {
		got := w.sendUnrecorded(r)
		var list []struct {
			ID string `json:"identity_id"`
		}
		if err := json.Unmarshal([]byte(got.Body), &list); err != nil || got.StatusCode != 200 {
			t.Fatalf("%d %s", got.StatusCode, got.Body)
		}
		for _, i := range list {
			met += i.ID + " "
		}
		sent := got.MultiValueHeaders["Link"]
		if len(sent) == 0 {
			return met
		}
		more := listRequest(linkPattern.FindStringSubmatch(sent[0])[1])
		r.values = more.values
	}
	t.Fatal("the list has no end")
	return ""
}

// likeToRegexp is SQL's pattern as a regular expression.
func likeToRegexp(pattern string) *regexp.Regexp {
	var expression strings.Builder
	expression.WriteString("(?s)^")
	for rest := []rune(pattern); len(rest) > 0; rest = rest[1:] {
		switch c := rest[0]; {
		case c == '\\' && len(rest) > 1:
			rest = rest[1:]
			expression.WriteString(regexp.QuoteMeta(string(rest[0])))
		case c == '%':
			expression.WriteString(".*")
		case c == '_':
			expression.WriteString(".")
		default:
			expression.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return regexp.MustCompile(expression.String() + "$")
}
