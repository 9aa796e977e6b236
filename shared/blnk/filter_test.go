package blnk_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"pgregory.net/rapid"

	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/table/faulttable"
)

// newSampleAPI returns an API with seven identities, created a minute apart. The last two are as the Conomy API creates them.
func newSampleAPI(t *testing.T) *testAPI {
	t.Helper()
	w := newTestAPI(t)
	for n, body := range []string{
		`{"identity_type":"individual","first_name":"Ana","last_name":"Alba","email_address":"Ana@Example.com","phone_number":"+15551234567","country":"PER","post_code":"01234","dob":"1990-01-15","meta_data":{"tier":"gold","score":10,"vip":true,"nested":{"a":1},"none":null}}`,
		`{"identity_type":"individual","first_name":"Bea","last_name":"O'Neill","email_address":"bea@example.com","country":"PER","dob":"1985-06-30","meta_data":{"tier":"silver","score":9}}`,
		`{"identity_type":"organization","organization_name":"100% Acme_Ltd","category":"bank","country":"CHL","meta_data":{"tier":"gold","score":9007199254740993}}`,
		`{"identity_type":"individual","first_name":"ana","country":"chl","meta_data":{"score":"10"}}`,
		`{"first_name":"Ñandú"}`,
	} {
		w.Now = w.Now.Add(time.Minute)
		wantStatus(t, w.Send(createRequest(strings.Replace(body, "{", fmt.Sprintf(`{"identity_id":%q,`, sampleID(n+1)), 1))), 201)
	}
	for n, p := range []identity.Profile{
		{Kind: identity.Individual, FirstName: "Zoë", Email: "ana@example.com", Phone: "+56912345678", Country: "CHL"},
		{Kind: identity.Organization, OrganizationName: "Firm", Country: "CHL"},
	} {
		w.Now = w.Now.Add(time.Minute)
		w.create(t, registry.Draft{Profile: p, ID: sampleID(n + 6)})
	}
	w.create(t, registry.Draft{Tenant: "other", ID: "foreign", Profile: identity.Profile{FirstName: "Ana", Email: "ana@example.com"}})
	w.Transcript.Reset()
	return w
}

func sampleID(n int) string { return fmt.Sprintf("idt_%08d-0000-4000-8000-000000000000", n) }

// listedNumbers returns the numbers of the identities in a list.
func listedNumbers(t *testing.T, a events.APIGatewayProxyResponse) (numbers string) {
	t.Helper()
	wantStatus(t, a, 200)
	for _, m := range regexp.MustCompile(`"identity_id":"idt_0{7}(\d)`).FindAllStringSubmatch(a.Body, -1) {
		numbers += m[1]
	}
	return numbers
}

func TestFilters(t *testing.T) {
	const first = "2026-03-04T05:07:07.123456Z" // the creation of identity 1
	tests := []struct{ name, query, want string }{
		{"no filter", "", "7654321"},
		{"equal", "country_eq=CHL", "763"},
		{"equal is exact", "country_eq=chl", "4"},
		{"not equal, empty ones too", "country_ne=CHL", "5421"},
		{"text that looks like a number", "post_code_eq=01234", "1"},
		{"email in another case", "email_address_eq=ANA@example.COM", "61"},
		{"email not", "email_address_ne=ana@example.com", "75432"},
		{"in", "first_name_in=Ana,Bea", "21"},
		{"greater", "first_name_gt=Ana", "6542"},
		{"less, empty ones too", "first_name_lt=Ana", "73"},
		{"like", "first_name_like=A%25", "1"},
		{"like with one character", "first_name_like=_na", "41"},
		{"like is exact in case", "first_name_like=ana", "4"},
		{"ilike beyond ASCII", "first_name_ilike=%C3%B1AND%C3%9A", "5"},
		{"like with a backslash at the end", `organization_name_like=%25\`, ""},
		{"is null", "email_address_isnull=", "7543"},
		{"type", "identity_type_eq=organization", "73"},
		{"id", "identity_id_eq=" + sampleID(2), "2"},
		{"ids, some absent", "identity_id_in=" + sampleID(2) + ",foreign,absent,a b," + sampleID(4), "42"},
		{"dob", "dob_eq=1990-01-15", "1"},
		{"dob before", "dob_lt=1990-01-01", "2"},
		{"Blnk's own way to say no dob", "dob_eq=0001-01-01T00:00:00Z", "76543"},
		{"dob not", "dob_ne=1990-01-15", "765432"},
		{"created at", "created_at_eq=" + first, "1"},
		{"created after", "created_at_gt=" + first, "765432"},
		{"created from", "created_at_gte=" + first, "7654321"},
		{"created between", "created_at_between=2026-03-04T05:08:00Z|2026-03-04T05:10:00Z", "32"},
		{"metadata", "meta_data.tier_eq=gold", "31"},
		{"metadata number", "meta_data.score_eq=10.0", "1"},
		{"metadata text of digits", "meta_data.score_eq=10", "41"},
		{"metadata numbers are ordered as such", "meta_data.score_gt=9.5", "31"},
		{"metadata large number", "meta_data.score_eq=9007199254740993", "3"},
		{"metadata boolean", "meta_data.vip_eq=true", "1"},
		{"metadata object", "meta_data.nested_isnotnull=", "1"},
		{"metadata object is equal to nothing", `meta_data.nested_eq={"a":1}`, ""},
		{"metadata missing is not empty", "meta_data.tier_eq=", ""},
		{"and", "country_eq=CHL&identity_type_eq=organization", "73"},
		{"and with a look-up", "email_address_eq=ana@example.com&country_eq=CHL", "6"},
		{"or", "country_eq=PER&first_name_eq=ana&logical_operator=or", "421"},
		{"or with a look-up", "email_address_eq=bea@example.com&country_eq=chl&logical_operator=or", "42"},
		{"or of look-ups", "email_address_eq=bea@example.com&phone_number_eq=%2B56912345678&logical_operator=OR", "62"},
		{"or of ids", "identity_id_eq=" + sampleID(1) + "&identity_id_in=" + sampleID(3) + "&logical_operator=or", "31"},
		{"or of an id and a look-up", "identity_id_eq=" + sampleID(3) + "&email_address_eq=bea@example.com&logical_operator=or", "32"},
		{"limit", "limit=2", "76"},
		{"offset beyond", "offset=10000", ""},
		{"limit of 0", "limit=0", "7654321"},
		{"filter, limit and offset", "country_eq=CHL&limit=1&offset=1", "6"},
	}
	w := newSampleAPI(t)
	wantEqual(t, "unknown parameters", listedNumbers(t, w.Send(listRequest("instance_id=x&Country=y&nosuch_foo=z&eq=1&in=2"))), "7654321")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantEqual(t, "GET ?"+tt.query, listedNumbers(t, w.Send(listRequest(tt.query))), tt.want)
		})
	}
}

func TestFilterBodies(t *testing.T) {
	w := newSampleAPI(t)
	for _, tt := range []struct{ name, body, want string }{
		{"nothing", `{}`, "7654321"},
		{"several", `{"filters":[{"field":"country","operator":"in","values":["CHL","PER"]},{"field":"dob","operator":"between","values":["1985-01-01","1989-12-31"]}]}`, "2"},
		{"one of several", `{"filters":[{"field":"country","operator":"eq","value":"PER"},{"field":"first_name","operator":"ilike","value":"z%"}],"logical_operator":"or"}`, "621"},
		{"a number is a text", `{"filters":[{"field":"meta_data.score","operator":"eq","value":10}]}`, "41"},
		{"a boolean", `{"filters":[{"field":"meta_data.vip","operator":"eq","value":true}]}`, "1"},
		{"sorted", `{"sort_by":"first_name"}`, "5" + "4" + "6" + "2" + "1" + "73"},
		{"by creation upwards", `{"sort_by":"created_at","sort_order":"ASC"}`, "1234567"},
		{"by the date of birth", `{"sort_by":"dob","filters":[{"field":"dob","operator":"isnotnull"}]}`, "12"},
		{"limit of 0", `{"limit":0}`, "7654321"},
		{"limit, offset and order", `{"limit":2,"offset":1,"sort_by":"first_name","sort_order":"asc"}`, "71"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantEqual(t, "POST "+tt.body, listedNumbers(t, w.Send(filterRequest(tt.body))), tt.want)
		})
	}
}

func TestInvalidFilters(t *testing.T) {
	const operatorNames = "eq, ne, gt, gte, lt, lte, in, between, like, ilike, isnull or isnotnull"
	const operators = " needs an operator: " + operatorNames
	long := strings.Repeat("x", 1001)
	many := strings.TrimSuffix(strings.Repeat("x,", 101), ",")
	for _, tt := range []struct{ name, query, want string }{
		{"unknown operator", "first_name_foo=" + canary, "first_name_foo" + operators},
		{"empty operator", "first_name_=" + canary, "first_name_" + operators},
		{"metadata itself", "meta_data_eq=" + canary, "meta_data_eq is not a field that can be filtered"},
		{"metadata too deep", "meta_data.a.b_eq=" + canary, "meta_data.a.b_eq is not a field that can be filtered"},
		{"metadata without an operator", "meta_data.tier=x", "meta_data.tier" + operators},
		{"long value", "first_name_eq=" + long, "first_name_eq must be text of at most 1000 characters"},
		{"many values", "first_name_in=" + many, "first_name_in must have from 1 to 100 values"},
		{"many filters", strings.Repeat("first_name_eq=x&", 21), "a list takes at most 20 filters"},
		{"one end of two", "first_name_between=x", "first_name_between must have 2 values"},
		{"null that is not", "first_name_isnull=false", "first_name_isnull must have no value, or true"},
		{"no date", "dob_eq=" + canary, "dob_eq must be a date such as 1990-01-15 or 1990-01-15T00:00:00Z"},
		{"no time", "created_at_gt=" + canary, "created_at_gt must be a date such as 1990-01-15 or 1990-01-15T00:00:00Z"},
		{"like a date", "dob_like=1990-01-15", "dob_like must not be like or ilike for a date"},
		{"no limit", "limit=" + canary, "limit must be a whole number from 1 to 100"},
		{"and and or", "logical_operator=and&logical_operator=or", "logical_operator must be sent once"},
		{"two cursors", "cursor=a&cursor=b", "cursor must be sent once"},
		{"an offset beside a cursor", "cursor=a&offset=0", "offset must not be sent with a cursor"},
		{"no member", "nosuch_eq=" + canary, "nosuch_eq is not a field that can be filtered"},
		{"another form of a filter", "first_name[eq]=" + canary, "a parameter" + operators},
		{"an odd name", url.QueryEscape(canary+" x_ne") + "=1", "a parameter is not a field that can be filtered"},
		{"a name that is no UTF-8", "first_name_%ff=1", "a parameter" + operators},
		{"offset beyond", "offset=10001", "offset must be a whole number from 0 to 10000; to go further, follow the header Link"},
		{"neither and nor or", "logical_operator=xor", "logical_operator must be and or or"},
		{"cursor that was not issued", "cursor=" + canary, "cursor is not valid for this list"},
		{"cursor that is empty", "cursor=", "cursor is not valid for this list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newTestAPI(t)
			got := w.Send(listRequest(tt.query))
			want := fmt.Sprintf(`{"errors":[%q],"error_detail":{"code":"GEN_VALIDATION_ERROR","message":%q}}`, tt.want, tt.want)
			if strings.HasPrefix(tt.name, "cursor") {
				want = fmt.Sprintf(`{"error":%q,"error_detail":{"code":"GEN_VALIDATION_ERROR","message":%q}}`, tt.want, tt.want)
			}
			wantStatus(t, got, 400)
			wantEqual(t, "body", got.Body, want)
			w.WantCalls(faulttable.Calls{})
		})
	}
	const values = " must be a string, a number or a boolean"
	for _, tt := range []struct{ name, body, code, text string }{
		{"no field", `{"filters":[{"operator":"eq","value":"x"}]}`, "GEN_VALIDATION_ERROR", "filters.0.field is required"},
		{"unknown field", `{"filters":[{"field":"a","operator":"eq","value":"x"}]}`, "GEN_VALIDATION_ERROR", "filters.0.field is not a field that can be filtered"},
		{"unknown operator", `{"filters":[{"field":"city","operator":"eq","value":"x"},{"field":"city","operator":"~"}]}`, "GEN_VALIDATION_ERROR", "filters.1.operator must be " + operatorNames},
		{"no operator", `{"filters":[{"field":"city","value":"x"}]}`, "GEN_VALIDATION_ERROR", "filters.0.operator must be " + operatorNames},
		{"a value that is an object", `{"filters":[{"field":"city","operator":"eq","value":{"a":1}}]}`, malformed, "filters.0.value" + values},
		{"no value", `{"filters":[{"field":"city","operator":"eq"}]}`, "GEN_VALIDATION_ERROR", "filters.0.value must have one value"},
		{"null that is not", `{"filters":[{"field":"city","operator":"isnull","value":false}]}`, "GEN_VALIDATION_ERROR", "filters.0.value must have no value, or true"},
		{"null among the values", `{"filters":[{"field":"city","operator":"in","values":["a",null]}]}`, malformed, "filters.0.values.1" + values},
		{"no values", `{"filters":[{"field":"city","operator":"in","values":[]}]}`, "GEN_VALIDATION_ERROR", "filters.0.values must have from 1 to 100 values"},
		{"a long value", `{"filters":[{"field":"city","operator":"eq","value":"` + long + `"}]}`, "GEN_VALIDATION_ERROR", "filters.0.value must be text of at most 1000 characters"},
		{"odd operator", `{"logical_operator":"xor"}`, "GEN_VALIDATION_ERROR", "logical_operator must be and or or"},
		{"a long one among others", `{"filters":[{"field":"city","operator":"in","value":"a","values":["b","` + long + `"]}]}`, "GEN_VALIDATION_ERROR", "filters.0.values.1 must be text of at most 1000 characters"},
		{"lone surrogate", `{"filters":[{"field":"city","operator":"eq","value":"\ud800"}]}`, malformed, "filters.0.value must not contain an unpaired surrogate"},
		{"offset beyond", `{"offset":10001}`, "GEN_VALIDATION_ERROR", "offset must be a whole number from 0 to 10000; to go further, follow the header Link"},
		{"many filters", `{"filters":[{}` + strings.Repeat(",{}", 20) + `]}`, "GEN_VALIDATION_ERROR", "filters must have at most 20 elements"},
		{"odd order", `{"sort_order":"up"}`, "GEN_VALIDATION_ERROR", "sort_order must be asc or desc"},
		{"limit that is a text", `{"limit":"5"}`, malformed, "limit must be a whole number"},
		{"limit below", `{"limit":-1}`, "GEN_VALIDATION_ERROR", "limit must be a whole number from 1 to 100"},
		{"filters that are not a list", `{"filters":{}}`, malformed, "filters must be an array"},
	} {
		t.Run("POST "+tt.name, func(t *testing.T) {
			wantError(t, newTestAPI(t).Send(filterRequest(tt.body)), 400, tt.code, tt.text)
		})
	}
}

// TestLikeIsFast checks that no pattern takes exponential time.
func TestLikeIsFast(t *testing.T) {
	w := newTestAPI(t)
	wantStatus(t, w.Send(createRequest(`{"meta_data":{"a":"`+strings.Repeat("a", 4096)+`","b":"`+strings.Repeat("a", 4097)+`"}}`)), 201)
	pattern := url.QueryEscape(strings.Repeat("%a", 400) + "b")
	begin := time.Now()
	wantEqual(t, "body", w.Send(listRequest("meta_data.a_like="+pattern)).Body, "[]")
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("duration = %v, want at most 5 s", took)
	}
	for name, want := range map[string]int{"a": 1, "b": 0} { // longer than 4096 bytes: no match
		got := w.Send(listRequest("meta_data." + name + "_like=%25"))
		wantEqual(t, "identities with "+name, strings.Count(got.Body, "identity_id"), want)
	}
}

// TestLikeAgreesWithRegularExpressions compares random patterns with the regular expressions that mean the same.
func TestLikeAgreesWithRegularExpressions(t *testing.T) {
	w := newTestAPI(t)
	anyID := regexp.MustCompile(`idt_[0-9a-f-]{36}`)
	texts := rapid.StringMatching(`[aAbé%_\\]{1,8}`)
	rapid.Check(t, func(r *rapid.T) {
		text, pattern := texts.Draw(r, "text"), texts.Draw(r, "pattern")
		created := w.Send(createRequest(`{"first_name":` + strconv.Quote(text) + `}`))
		expression, escaped := "(?s)^", false
		for _, c := range pattern {
			switch {
			case !escaped && c == '%':
				expression += ".*"
			case !escaped && c == '_':
				expression += "."
			case !escaped && c == '\\':
				escaped = true
				continue
			default:
				expression += regexp.QuoteMeta(string(c))
			}
			escaped = false
		}
		if escaped {
			expression += `\\`
		}
		for operator, flag := range map[string]string{"like": "", "ilike": "(?i)"} {
			id := anyID.FindString(created.Body)
			got := w.Send(listRequest("identity_id_eq=" + id + "&first_name_" + operator + "=" + url.QueryEscape(pattern)))
			want := regexp.MustCompile(flag + expression + "$").MatchString(text)
			if found := strings.Contains(got.Body, id); found != want {
				r.Errorf("%q %s %q = %v, want %v", text, operator, pattern, found, want)
			}
		}
	})
}

func TestPatternsAreLimitedTogether(t *testing.T) {
	w := newTestAPI(t)
	half := strings.Repeat("a", 501)
	got := w.Send(listRequest("first_name_like=" + half + "&last_name_ilike=" + half))
	wantStatus(t, got, 400)
	if want := `"errors":["last_name_ilike and the other patterns must have at most 1000 characters together"]`; !strings.Contains(got.Body, want) {
		t.Errorf("body = %s, want %s", got.Body, want)
	}
	got = w.Send(filterRequest(`{"filters":[{"field":"first_name","operator":"like","value":"` + half + `"},{"field":"last_name","operator":"like","value":"` + half + `"}]}`))
	wantError(t, got, 400, "GEN_VALIDATION_ERROR", "filters.1.value and the other patterns must have at most 1000 characters together")
}
