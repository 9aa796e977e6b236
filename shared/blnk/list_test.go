package blnk_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/identity"
	"cedula/shared/registry"
)

var linkPattern = regexp.MustCompile(`^<\?(cursor=[A-Za-z0-9_-]+(?:&limit=\d+)?)>; rel="next"$`)

// nextQuery returns the query of a response's next link, "" on the last page.
func nextQuery(t *testing.T, a events.APIGatewayProxyResponse) string {
	t.Helper()
	link := strings.Join(a.MultiValueHeaders["Link"], "; ")
	m := linkPattern.FindStringSubmatch(link)
	if m == nil {
		wantEqual(t, "Link", link, "")
		return ""
	}
	return m[1]
}

// readAllPages follows the links of a list to its last page.
func (w *testAPI) readAllPages(t *testing.T, r request) (listed string, pages int) {
	t.Helper()
	for pages < 100 {
		got := w.Send(r)
		listed += listedNumbers(t, got)
		pages++
		if r.Query = nextQuery(t, got); r.Query == "" {
			break
		}
	}
	return listed, pages
}

func TestPages(t *testing.T) {
	w := newSampleAPI(t)
	for _, tt := range []struct {
		name  string
		first request
		want  string
		pages int
	}{
		{"all", listRequest("limit=2"), "7654321", 4},
		{"from an offset", listRequest("limit=2&offset=3"), "4321", 2},
		{"filtered", listRequest("limit=1&country_eq=CHL"), "763", 3},
		{"one of several", listRequest("limit=1&country_eq=CHL&first_name_eq=Ana&logical_operator=or"), "7631", 4},
		{"by id", listRequest("limit=1&identity_id_in=" + sampleID(3) + "," + sampleID(1)), "31", 2},
		{"a body", filterRequest(`{"limit":2}`), "7654321", 4},
		{"a body with a filter", filterRequest(`{"limit":1,"filters":[{"field":"country","operator":"eq","value":"CHL"}]}`), "763", 3},
		{"sorted", filterRequest(`{"limit":2,"sort_by":"first_name"}`), "5462173", 4},
		{"sorted and filtered", filterRequest(`{"limit":1,"sort_by":"first_name","sort_order":"asc","filters":[{"field":"first_name","operator":"isnotnull"}]}`), "12645", 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			listed, pages := w.readAllPages(t, tt.first)
			wantEqual(t, "listed", listed, tt.want)
			wantEqual(t, "pages", pages, tt.pages)
		})
	}
}

// TestCursorIsBoundToItsList also checks the parameters that may be sent with a cursor, and those of a POST.
func TestCursorIsBoundToItsList(t *testing.T) {
	const foreign = "cursor is not valid for this list"
	const another = "cursor belongs to another list: send the same filters and order with it"
	const byCountry = `"filters":[{"field":"country","operator":"eq","value":"CHL"}]`
	w := newSampleAPI(t)
	filtered := nextQuery(t, w.Send(listRequest("limit=1&country_eq=CHL")))
	whole := nextQuery(t, w.Send(listRequest("limit=1")))
	posted := nextQuery(t, w.Send(filterRequest(`{"limit":1,`+byCountry+`}`)))
	post := func(query, body string) request {
		r := filterRequest(body)
		r.Query = query
		return r
	}
	text := strings.TrimSuffix(filtered, "&limit=1")
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	lastBit := text[:len(text)-1] + string(alphabet[strings.IndexByte(alphabet, text[len(text)-1])^1])
	for _, tt := range []struct {
		name string
		request
		text string
	}{
		{"another tenant", listRequest(filtered).WithCaller(otherTenantCaller), foreign},
		{"the other operation", post(text, `{}`), foreign},
		{"the other operation's", listRequest(posted), foreign},
		{"cut off", listRequest(filtered[:40]), foreign},
		{"line break at the end", listRequest(text + "%0A"), foreign},
		{"other last bit", listRequest(lastBit), foreign},
		{"empty", post("cursor=", `{}`), foreign},
		{"twice", post(posted+"&"+posted, `{}`), "cursor must be sent once"},
		{"other filters", listRequest(filtered + "&country_eq=PER"), another},
		{"filters where none were", listRequest(whole + "&country_eq=CHL"), another},
		{"another body", post(posted, `{}`), another},
		{"another order", post(posted, `{`+byCountry+`,"sort_by":"city"}`), another},
		{"operator without filters", listRequest(whole + "&logical_operator=or"), another},
		{"operator without the filters", listRequest(filtered + "&logical_operator=or"), "logical_operator must be sent with the filters, not with a cursor"},
		{"filters in the URL of a POST", post("first_name_eq=x", `{}`), "first_name_eq must be in the body"},
		{"malformed filters in the URL of a POST", post("instance_id=1&%3F_in=x", `{}`), "a parameter must be in the body"},
		{"malformed limit in the URL of a POST", post(posted+"&limit=zz", `{}`), "limit must be in the body"},
		{"offset in the URL of a POST", post("offset=-5", `{}`), "offset must be in the body"},
		{"operator in the URL of a POST", post("logical_operator=xor", `{}`), "logical_operator must be in the body"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantError(t, w.Send(tt.request), 400, "GEN_VALIDATION_ERROR", tt.text) })
	}
	for _, more := range []string{"&country_eq=CHL", "&country_eq=CHL&logical_operator=and"} {
		wantEqual(t, "listed with "+more, listedNumbers(t, w.Send(listRequest(filtered+more))), "6")
	}
	if strings.Contains(posted, "limit") || !strings.Contains(filtered, "limit=1") {
		t.Errorf("links are %q of a POST and %q of a GET, want the limit in that of the GET alone", posted, filtered)
	}
	got := w.Send(listRequest("limit=1&first_name_ne=" + canary + "&email_address_ne=juana@canaria.quix"))
	wantNoCanary(t, got.MultiValueHeaders["Link"][0])
}

// TestLongFilters checks that the link of a list fits into the URLs and headers of clients that allow 9 KiB, and that
// longer filters are rejected.
func TestLongFilters(t *testing.T) {
	w := newSampleAPI(t)
	long := "limit=1"
	for n := range 6 {
		long += fmt.Sprintf("&city_ne=%d%s", n, strings.Repeat("x", 900))
	}
	long += "&city_ne=" + strings.Repeat("x", 500)
	listed, pages := w.readAllPages(t, listRequest(long))
	wantEqual(t, "listed", listed, "7654321")
	wantEqual(t, "pages", pages, 7)
	if query := nextQuery(t, w.Send(listRequest(long))); len(query) > 9<<10 {
		t.Errorf("link has %d bytes, want at most 9 KiB", len(query))
	}
	got := w.Send(listRequest(long + strings.Repeat("x", 200)))
	wantStatus(t, got, 400)
	wantEqual(t, "message", text(t, got.Body, "error_detail.message"), "filters in a URL must have at most 6000 bytes: send them in the body of POST /identities/filter")
}

func TestPageLimits(t *testing.T) {
	w := newTestAPI(t)
	for n := range 105 {
		w.create(t, registry.Draft{Profile: identity.Profile{FirstName: "Ana"}, ID: fmt.Sprintf("n%d", n)})
	}
	for _, tt := range []struct {
		limit           string
		whole, filtered int
	}{
		{"", 100, 20}, {"0", 100, 20}, {"1", 1, 1}, {"99", 99, 99}, {"100", 100, 100}, {"101", 100, 100}, {"1000000", 100, 100},
	} {
		parameter, field := "", ""
		if tt.limit != "" {
			parameter, field = "&limit="+tt.limit, `,"limit":`+tt.limit
		}
		for _, r := range []request{
			listRequest("first_name_eq=Ana" + parameter),
			filterRequest(`{"filters":[]` + field + `}`),
			filterRequest(`{"filters":[{"field":"first_name","operator":"eq","value":"Ana"}]` + field + `}`),
		} {
			wantEqual(t, "identities listed by "+r.Query+r.Body, strings.Count(w.Send(r).Body, `"identity_id"`), tt.filtered)
		}
		got := w.Send(listRequest("instance_id=x" + parameter))
		wantEqual(t, "identities listed by instance_id=x"+parameter, strings.Count(got.Body, `"identity_id"`), tt.whole)
		wantEqual(t, "there is a next page", nextQuery(t, got) != "", true)
	}
}

func TestCount(t *testing.T) {
	w := newSampleAPI(t)
	w.Send(filterRequest(`{"include_count":true,"limit":2}`))
	w.Send(filterRequest(`{"include_count":true,"limit":1,"filters":[{"field":"country","operator":"eq","value":"CHL"}]}`))
	w.Send(filterRequest(`{"include_count":true,"filters":[{"field":"country","operator":"eq","value":"nowhere"}]}`))
	w.Send(filterRequest(`{"filters":[{"field":"country","operator":"eq","value":"nowhere"}]}`))
	w.Send(listRequest("country_eq=nowhere"))
	w.Send(listRequest("country_eq=CHL"))
	w.Send(listRequest("country_foo=CHL&limit=none"))
	w.CheckGolden("filter")
}

// TestTokenizedContactsAreSearchable checks that a tokenized contact is found by its value and by its placeholder, and that
// other conditions see the placeholder.
func TestTokenizedContactsAreSearchable(t *testing.T) {
	w := newSampleAPI(t)
	tokenize := newRequest("tokenize-identity", sampleID(1), `{"fields":["FirstName","EmailAddress","PhoneNumber"]}`)
	wantStatus(t, w.Send(tokenize), 200)
	one := w.Send(getRequest(sampleID(1))).Body
	shown := func(field string) string { return url.QueryEscape(text(t, one, field)) }
	for query, want := range map[string]string{
		"email_address_eq=ANA@example.com":                                       "61",
		"email_address_ne=ana@example.com":                                       "75432",
		"phone_number_eq=%2B15551234567":                                         "1",
		"first_name_eq=Ana":                                                      "",
		"first_name_eq=" + shown("first_name"):                                   "1",
		"first_name_like=FPT:%25":                                                "1",
		"email_address_in=x," + shown("email_address"):                           "1",
		"country_eq=PER&phone_number_in=x," + shown("phone_number"):              "1",
		"email_address_isnotnull=":                                               "621",
		"email_address_like=%25example.com&limit=100":                            "62",
		"logical_operator=or&email_address_eq=ana@example.com&phone_number_eq=x": "61",
	} {
		wantEqual(t, "GET ?"+query, listedNumbers(t, w.Send(listRequest(query))), want)
	}
}

// The cursors are from a release whose fingerprint had fields without tags.
func TestCursorOfAnEarlierReleaseIsAccepted(t *testing.T) {
	w := newSampleAPI(t)
	sorted := filterRequest(`{"filters":[{"field":"country","operator":"in","values":["CHL","PER"]}],"logical_operator":"or","sort_by":"first_name","sort_order":"asc","limit":2}`)
	sorted.Query = "cursor=mjJiTZd-G-Et_bJUcU5UknKKBYHdgf7Yp3TEXFAZ5A9XsHutJ0exobrhw0VfYEOzQXnXesPJHpXtjhFgs4mP4dzQVVcME-OmZ8Bii0FBW8nwXzP8ynQM6OOjWQF2Ii-kgsFJDnTyCg2Q9OnyVdiuZxBz7AkQTq1IFqQyYTjIA_13rpQavLyMoZTTxiVYO49M_7RPyLjCeLQgX4zPeTfaqMpFppv1R2rgLWuN-mKnLaodECoxGcL5moAqX-n38ROUHBzZ0wQ4gyIB1ru6PHBn50JuysIr16C7OjW-6OXDLw"
	filtered := listRequest("limit=1&cursor=-qHjoDwm-1UyOB5AIAmViWOi7SgaimkOkFsF_0nmWPFVg0Z6uyATG6G26SAMj_OwYDsunb2LPXmcqUPUetoi9QnovInZ3CYAo8lICMgH9er_bC5wopO3ZHn_PKIhuDRNBYz_WHLSkJV9dDFtxCN_crYzrZdDgKQfG5l32ubYGhe6Lds4JcAAqYdXWbAX79hG-FDE9LIrt9Fm9OVLxwc")
	wantEqual(t, "next of the sorted list", listedNumbers(t, w.Send(sorted)), "12")
	wantEqual(t, "next of the filtered list", listedNumbers(t, w.Send(filtered)), "6")
}

// TestIncompleteListsAreRejected: a request that reaches its limits before its page is full, its matches are counted or its
// order is known is an error, unless the client accepts partial pages; then following the links returns every match once.
func TestIncompleteListsAreRejected(t *testing.T) {
	w := newTestAPI(t)
	for n := range 12 {
		category := "usual"
		if n == 0 {
			category = "vip"
		}
		wantStatus(t, w.Send(createRequest(`{"category":"`+category+`"}`)), 201)
		w.Now = w.Now.Add(time.Second)
	}
	now := w.Now
	w.Identities.Now = func() time.Time { now = now.Add(time.Second); return now } // time for a few identities
	const vip = `"filters":[{"field":"category","operator":"eq","value":"vip"}]`
	for name, q := range map[string]request{
		"filter in the URL": listRequest("category_eq=vip"),
		"filter in a body":  filterRequest(`{` + vip + `}`),
		"count":             filterRequest(`{"filters":[{"field":"category","operator":"eq","value":"usual"}],"limit":1,"include_count":true}`),
		"order":             filterRequest(`{"limit":1,"sort_by":"category"}`),
	} {
		got := w.Send(q)
		if got.StatusCode != 400 || !strings.Contains(got.Body, "GEN_BAD_REQUEST") || !strings.Contains(got.Body, "filter by identity_id, email_address, phone_number or created_at as well, or send partial=true") {
			t.Errorf("%s: response = %d %s, want 400 and what to do", name, got.StatusCode, got.Body)
		}
	}
	wantStatus(t, w.Send(listRequest("limit=1")), 200)
	found, pages := 0, 0
	for q := "category_eq=vip&partial=true"; q != ""; pages++ {
		got := w.Send(listRequest(q))
		wantStatus(t, got, 200)
		found += strings.Count(got.Body, "identity_id")
		q = ""
		if link := got.MultiValueHeaders["Link"]; len(link) > 0 {
			q = strings.TrimSuffix(strings.TrimPrefix(link[0], "<?"), `>; rel="next"`)
		}
	}
	if found != 1 || pages < 3 {
		t.Errorf("%d identities in %d partial pages, want 1 in at least 3", found, pages)
	}
	odd := filterRequest(`{}`)
	odd.Query = "partial=maybe"
	wantError(t, w.Send(odd), 400, "GEN_VALIDATION_ERROR", "partial must be true or false")
}
