package conomy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cedula/infra/testenv"
	"cedula/shared/blnk"
	"cedula/shared/identity"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

// createSampleIdentities creates five identities, one second apart, and returns their ids.
func (w *testAPI) createSampleIdentities() (ids []string) {
	for n := range 5 {
		w.Now = w.Now.Add(time.Second)
		kind := []string{"USER", "ORGANIZATION"}[n%2]
		ids = append(ids, w.mustCreate(createRequest(fmt.Sprintf(
			`{"type":%q,"name":"N%d","email":"m%d@example.com","phone":"+5691111111%d","documentType":"RUT","documentNumber":"1000000%d-%d","idv":"iv","country":"CHL","externalId":"e%d"}`,
			kind, n, n%2, n%2, n, n, n%2)).WithCaller(trustedCaller)))
	}
	w.Transcript.Reset()
	return ids
}

func TestList(t *testing.T) {
	w := newTestAPI(t)
	ids := w.createSampleIdentities()
	wantStatus(t, w.Send(newRequest("add-children", ids[0], `{"children":["`+ids[1]+`","`+ids[2]+`"]}`)), 200)
	w.Transcript.Reset()
	for query, want := range map[string]string{
		"":                                     "N4 N3 N2 N1 N0",
		"type=USER":                            "N4 N2 N0",
		"country=CHL&type=ORGANIZATION":        "N3 N1",
		"country=PER":                          "",
		"status=ACTIVE&sort=createdAt":         "N0 N1 N2 N3 N4",
		"email=M1@EXAMPLE.com":                 "N3 N1",
		"phone=%2B56911111111&sort=-createdAt": "N3 N1",
		"documentNumber=10.000.003-3":          "N3",
		"externalId=e0&type=USER&email=m0@example.com": "N4 N2 N0",
		"parents=" + ids[0]:                            "N2 N1",
		"parents=" + ids[0] + "&type=USER":             "N2",
		"parents=" + ids[0] + "&email=m1@example.com":  "N1",
		"scopeIdentity=" + ids[0]:                      "",
	} {
		got := w.Send(listRequest(query))
		var names []string
		for _, i := range elements(t, got.Body, "data") {
			names = append(names, text(t, i, "name"))
		}
		if joined := strings.Join(names, " "); joined != want {
			t.Errorf("%q: got %s, want %s", query, joined, want)
		}
	}
	w.Transcript.Reset()
	// Whole responses, paged with both names of the cursor.
	for _, cursor := range []string{"next", "offset"} {
		query := "limit=2&type=&sort=asc"
		for range 3 {
			got := w.Send(listRequest(query))
			query = "limit=2&sort=asc&" + cursor + "=" + jsonAt(t, got.Body, "pagination.next")
			wantJSON(t, got.Body, "pagination.pagination.next", jsonAt(t, got.Body, "pagination.next"))
		}
		if !strings.HasSuffix(query, "=0") {
			t.Errorf("the last query is %s, want next = 0", query)
		}
	}
	w.Send(listRequest("country=PER"))
	for _, body := range []string{`{"limit":2,"next":0,"sort":"asc"}`, `{"limit":"2","email":"m1@example.com"}`, `{"limit":null,"next":null,"offset":null,"email":null,"documentNumber":"100000000","other":[1]}`} {
		wantStatus(t, w.Send(searchRequest(body)), 200)
	}
	w.CheckGolden("list")
	other := w.Send(listRequest("").WithCaller(otherTenantCaller)).Body
	wantJSON(t, other, "data", "[]")
	wantJSON(t, other, "pagination.total", "0")
}

// TestListErrors compares whole responses with the golden file.
func TestListErrors(t *testing.T) {
	w := newTestAPI(t)
	for _, tt := range []struct{ query, body string }{
		{"limit=", `{"limit":""}`},
		{"next=", `{"next":""}`},
		{"offset=", `{"offset":""}`},
		{"next=5&offset=", `{"next":5,"offset":""}`},
		{"next=5&offset=x", `{"next":5,"offset":"x"}`},
		{"next=5&next=5", `{"next":[5]}`},
		{"offset=5&offset=6", `{"offset":[5]}`},
		{"sort=asc&sort=desc", `{"sort":["asc"]}`},
		{"limit=0", `{"limit":0}`},
		{"limit=101", `{"limit":101}`},
		{"limit=-1", `{"limit":"-1"}`},
		{"limit=1.5", `{"limit":1.5}`},
		{"limit=1e1", `{"limit":1e1}`},
		{"limit=%2B5", `{"limit":"+5"}`},
		{"limit=05", `{"limit":"05"}`},
		{"limit=ten", `{"limit":"ten"}`},
		{"limit=99999999999999999999", `{"limit":99999999999999999999}`},
		{"next=-1", `{"next":-1}`},
		{"next=9007199254740992", `{"next":9007199254740992}`},
		{"next=abc", `{"next":"abc"}`},
		{"next=%2F5", `{"next":"\/5"}`},
		{"offset=x", `{"offset":"x"}`},
		{"sort=name", `{"sort":"name"}`},
		{"type=user", `{"type":"user"}`},
		{"country=CL", `{"country":"CL"}`},
		{"status=GOLD", `{"status":"GOLD"}`},
		{"documentNumber=.-", `{"documentNumber":".-"}`},
		{"parents=a%23b", `{"parents":"a#b"}`},
		{"scopeIdentity=a+b", `{"scopeIdentity":"a b"}`},
		{"type=USER&type=USER", `{"type":5}`},
		{"limit=1&limit=2", `{"limit":[1]}`},
		{"email=a&email=b", `{"email":["a"]}`},
		{"parents=a&parents=b", `{"parents":{}}`},
	} {
		w.runSteps(step{listRequest(tt.query), 400, "", ""}, step{searchRequest(tt.body), 400, "", ""})
	}
	w.runSteps(
		step{listRequest("scopeIdentity=absent"), 404, "31", "identity not found"},
		step{searchRequest(""), 400, "14", "body is empty"},
		step{searchRequest(`{"emial":"x"}`).WithCaller(strictCaller), 400, "", ""},
	)
	w.CheckGolden("list-refused")
}

// TestUnreadableRecords: a record that cannot be decoded is named, and every other identity is listed.
func TestUnreadableRecords(t *testing.T) {
	w := newTestAPI(t)
	ids := w.createSampleIdentities()
	bad := ids[1]
	if err := faulttable.Damage(t.Context(), w.Table, table.Key{PK: "T#acme#I#" + bad, SK: "#"}); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"", "country=CHL", "sort=asc"} {
		got := w.Send(listRequest(q)).Body
		if n := len(elements(t, got, "data")); n != 4 {
			t.Errorf("%q: %d identities, want the 4 others", q, n)
		}
		wantJSON(t, got, "unreadable", `["`+bad+`"]`)
	}
	wantStatus(t, w.Send(getRequest(bad)), 500)
	other := &blnk.API{Identities: w.Identities}
	for _, q := range []request{
		newRequest("list-identities", "", ""), newRequest("filter-identities", "", `{"sort_by":"category","include_count":true}`),
		newRequest("filter-identities", "", `{"filters":[{"field":"identity_id","operator":"in","values":["`+strings.Join(ids, `","`)+`"]}]}`),
	} {
		got := w.SendTo(other, q)
		wantStatus(t, got, 200)
		wantHeader(t, got, "Cedula-Unreadable", bad)
		if n := strings.Count(got.Body, "identity_id"); n != 4 {
			t.Errorf("%s: %d identities, want the 4 others", q.Operation, n)
		}
	}
}

// TestMillionIdentities: two identities that match are followed by a million others. A request returns what is right or an
// error, and does not examine longer than it may.
func TestMillionIdentities(t *testing.T) {
	testenv.Need(t, testenv.Soak)
	w := newTestAPI(t)
	other := &blnk.API{Identities: w.Identities, Cursors: blnk.NewCursorCodec([]byte("secret"))}
	created := func(fields string) string {
		w.Now = w.Now.Add(time.Second)
		return text(t, w.SendTo(other, newRequest("create-identity", "", `{"identity_type":"individual",`+fields+`}`)).Body, "identity_id")
	}
	wanted := []string{created(`"category":"vip","country":"URY"`), created(`"category":"vip","country":"URY"`)}
	w.copyIdentity(t, created(`"category":"usual","country":"CHL"`), 1_000_000)
	w.Identities.Now = time.Now

	const vip = `"filters":[{"field":"category","operator":"eq","value":"vip"}]`
	for name, q := range map[string]request{
		"count": newRequest("filter-identities", "", `{`+vip+`,"include_count":true}`), "page": newRequest("filter-identities", "", `{`+vip+`}`),
		"order": newRequest("filter-identities", "", `{`+vip+`,"sort_by":"first_name"}`), "offset": newRequest("filter-identities", "", `{`+vip+`,"offset":10000}`),
	} {
		started := time.Now()
		got := w.SendTo(other, q)
		took := time.Since(started)
		t.Logf("%s: %d in %v", name, got.StatusCode, took.Round(time.Millisecond))
		if got.StatusCode != 400 || took > 5*time.Second {
			t.Errorf("%s: status %d in %v, want 400 in four seconds", name, got.StatusCode, took)
		}
	}
	var found []string
	pages, longest := 0, time.Duration(0)
	for q := "country=URY"; q != ""; pages++ {
		started := time.Now()
		got := w.Send(listRequest(q)).Body
		longest = max(longest, time.Since(started))
		for _, i := range elements(t, got, "data") {
			found = append(found, text(t, i, "id"))
		}
		wantJSON(t, got, "pagination.totalIsExact", "false")
		q = "country=URY&next=" + jsonAt(t, got, "pagination.next")
		if jsonAt(t, got, "pagination.next") == "0" {
			q = ""
		}
	}
	t.Logf("the list: %d pages, the longest in %v", pages, longest.Round(time.Millisecond))
	slices.Sort(found)
	slices.Sort(wanted)
	if !slices.Equal(found, wanted) || longest > 5*time.Second {
		t.Errorf("the list has %v, a page in %v, want %v in four seconds a page", found, longest, wanted)
	}
}

// copyIdentity writes copies of an identity, each created a millisecond after the one before.
func (w *testAPI) copyIdentity(t *testing.T, id string, copies int) {
	t.Helper()
	key := table.Key{PK: "T#acme#I#" + id, SK: "#"}
	found, err := w.Table.Get(t.Context(), true, key)
	if err != nil || len(found.Items) != 1 {
		t.Fatalf("Get(%v) = %d items, %v", key, len(found.Items), err)
	}
	original := found.Items[0]
	at := original.Indexes["L"]
	created := w.Now.Truncate(time.Microsecond)
	for n := 0; n < copies; n += 100 {
		var ops []table.Op
		for i := n; i < n+100; i++ {
			copied := original
			next := identity.Identity{ID: fmt.Sprintf("copy-%d", i), CreatedAt: created.Add(time.Duration(i+1) * time.Millisecond)}
			copied.PK = strings.Replace(key.PK, id, next.ID, 1)
			copied.Owner = next.Incarnation()
			copied.Indexes = map[string]table.Key{"L": {PK: at.PK, SK: fmt.Sprintf("%016d#%s", next.CreationNumber(), next.ID)}}
			body := strings.Replace(string(original.Body), id, next.ID, 1)
			copied.Body = []byte(strings.Replace(body, fmt.Sprint(created.UnixMicro()), fmt.Sprint(next.CreatedAt.UnixMicro()), 1))
			ops = append(ops, table.Put(copied, table.Always()))
		}
		if _, err := w.Table.Write(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
	}
}
