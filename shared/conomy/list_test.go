package conomy_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// createSampleIdentities creates five identities, a second apart, and returns their ids.
func (w *testAPI) createSampleIdentities() (ids []string) {
	for n := range 5 {
		w.now = w.now.Add(time.Second)
		kind := []string{"USER", "ORGANIZATION"}[n%2]
		ids = append(ids, w.mustCreate(request{caller: trustedCaller, body: fmt.Sprintf(
			`{"type":%q,"name":"N%d","email":"m%d@example.com","phone":"+5691111111%d","documentType":"RUT","documentNumber":"1000000%d-%d","idv":"iv","country":"CHL","externalId":"e%d"}`,
			kind, n, n%2, n%2, n, n, n%2)}))
	}
	w.transcript.Reset()
	return ids
}

func TestList(t *testing.T) {
	w := newTestAPI(t)
	ids := w.createSampleIdentities()
	wantStatus(t, w.send(newRequest("add-children", ids[0], `{"children":["`+ids[1]+`","`+ids[2]+`"]}`)), 200)
	w.transcript.Reset()
	list := func(query string) request { return newRequest("list-identities", "", "").withQuery(query) }
	for query, want := range map[string]string{
		"":                                     "N4 N3 N2 N1 N0",
		"unknown=1":                            "N4 N3 N2 N1 N0",
		"email=":                               "N4 N3 N2 N1 N0",
		"sort=desc":                            "N4 N3 N2 N1 N0",
		"sort=asc":                             "N0 N1 N2 N3 N4",
		"type=USER":                            "N4 N2 N0",
		"limit=100":                            "N4 N3 N2 N1 N0",
		"limit=2":                              "N4 N3",
		"country=CHL&type=ORGANIZATION":        "N3 N1",
		"country=PER":                          "",
		"status=ACTIVE&sort=createdAt":         "N0 N1 N2 N3 N4",
		"status=BLOCKED":                       "",
		"email=M1@EXAMPLE.com":                 "N3 N1",
		"phone=%2B56911111111&sort=-createdAt": "N3 N1",
		"documentNumber=10.000.003-3":          "N3",
		"externalId=e0&type=USER&email=m0@example.com": "N4 N2 N0",
		"parents=" + ids[0]:                            "N2 N1",
		"parents=" + ids[0] + "&type=USER":             "N2",
		"parents=" + ids[0] + "&email=m1@example.com":  "N1",
		"parents=nobody":                               "",
		"scopeIdentity=" + ids[0]:                      "",
	} {
		got := w.send(list(query))
		wantStatus(t, got, 200)
		var data []struct{ Name string }
		if err := json.Unmarshal([]byte(jsonAt(t, got.Body, "data")), &data); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, i := range data {
			names = append(names, i.Name)
		}
		if joined := strings.Join(names, " "); joined != want {
			t.Errorf("%q: got %s, want %s", query, joined, want)
		}
	}
	w.transcript.Reset()
	// The whole answers, walked by both names of the cursor.
	for _, cursor := range []string{"next", "offset"} {
		query := "limit=2&type=&sort=asc"
		for range 3 {
			got := w.send(list(query))
			query = "limit=2&sort=asc&" + cursor + "=" + jsonAt(t, got.Body, "pagination.next")
			wantJSON(t, got.Body, "pagination.pagination.next", jsonAt(t, got.Body, "pagination.next"))
		}
		if !strings.HasSuffix(query, "=0") {
			t.Errorf("the last query is %s, want next = 0", query)
		}
	}
	w.send(list("country=PER"))
	for _, body := range []string{`{"limit":2,"next":0,"sort":"asc"}`, `{"limit":"2","email":"m1@example.com"}`, `{"limit":null,"next":null,"offset":null,"email":null,"documentNumber":"100000000","other":[1]}`} {
		wantStatus(t, w.send(newRequest("search-identities", "", body)), 200)
	}
	w.checkGolden("list")
	other := w.send(list("").withCaller(otherTenantCaller)).Body
	wantJSON(t, other, "data", "[]")
	wantJSON(t, other, "pagination.total", "0")
}

func TestListErrors(t *testing.T) {
	w := newTestAPI(t)
	const aNumber = " must be a whole number from "
	for _, tt := range []struct{ query, body, detail string }{
		{"limit=", `{"limit":""}`, "limit" + aNumber + "1 to 100"},
		{"next=", `{"next":""}`, "next" + aNumber + "0 to 9007199254740991"},
		{"offset=", `{"offset":""}`, "offset" + aNumber + "0 to 9007199254740991"},
		{"next=5&offset=", `{"next":5,"offset":""}`, "offset" + aNumber + "0 to 9007199254740991"},
		{"next=5&offset=x", `{"next":5,"offset":"x"}`, "offset" + aNumber + "0 to 9007199254740991"},
		{"next=5&next=5", `{"next":[5]}`, "next must be sent once|next must be a whole number"},
		{"offset=5&offset=6", `{"offset":[5]}`, "offset must be sent once|offset must be a whole number"},
		{"sort=asc&sort=desc", `{"sort":["asc"]}`, "sort must be sent once|sort must be a string"},
		{"limit=0", `{"limit":0}`, "limit" + aNumber + "1 to 100"},
		{"limit=101", `{"limit":101}`, "limit" + aNumber + "1 to 100"},
		{"limit=-1", `{"limit":"-1"}`, "limit" + aNumber + "1 to 100"},
		{"limit=1.5", `{"limit":1.5}`, "limit" + aNumber + "1 to 100"},
		{"limit=1e1", `{"limit":1e1}`, "limit" + aNumber + "1 to 100"},
		{"limit=%2B5", `{"limit":"+5"}`, "limit" + aNumber + "1 to 100"},
		{"limit=05", `{"limit":"05"}`, "limit" + aNumber + "1 to 100"},
		{"limit=ten", `{"limit":"ten"}`, "limit" + aNumber + "1 to 100"},
		{"limit=99999999999999999999", `{"limit":99999999999999999999}`, "limit" + aNumber + "1 to 100"},
		{"next=-1", `{"next":-1}`, "next" + aNumber + "0 to 9007199254740991"},
		{"next=9007199254740992", `{"next":9007199254740992}`, "next" + aNumber + "0 to 9007199254740991"},
		{"next=abc", `{"next":"abc"}`, "next" + aNumber + "0 to 9007199254740991"},
		{"next=%2F5", `{"next":"\/5"}`, "next" + aNumber + "0 to 9007199254740991"},
		{"offset=x", `{"offset":"x"}`, "offset" + aNumber + "0 to 9007199254740991"},
		{"sort=name", `{"sort":"name"}`, "sort must be asc, desc, createdAt or -createdAt"},
		{"type=user", `{"type":"user"}`, "type must be USER or ORGANIZATION"},
		{"country=CL", `{"country":"CL"}`, "country must be three capital letters of ISO 3166-1, such as CHL"},
		{"status=GOLD", `{"status":"GOLD"}`, "status must be a status such as ACTIVE"},
		{"documentNumber=.-", `{"documentNumber":".-"}`, "documentNumber must hold letters or digits"},
		{"parents=a%23b", `{"parents":"a#b"}`, "parents must be an identity's id"},
		{"scopeIdentity=a+b", `{"scopeIdentity":"a b"}`, "scopeIdentity must be an identity's id"},
		{"type=USER&type=USER", `{"type":5}`, "type must be sent once|type must be a string"},
		{"limit=1&limit=2", `{"limit":[1]}`, "limit must be sent once|limit must be a whole number"},
		{"email=a&email=b", `{"email":["a"]}`, "email must be sent once|email must be a string"},
		{"parents=a&parents=b", `{"parents":{}}`, "parents must be sent once|parents must be a string"},
	} {
		inQuery, inBody, two := strings.Cut(tt.detail, "|")
		if !two {
			inBody = inQuery
		}
		w.runSteps(
			step{newRequest("list-identities", "", "").withQuery(tt.query), 400, "11", inQuery},
			step{newRequest("search-identities", "", tt.body), 400, "11", inBody},
		)
	}
	w.runSteps(
		step{newRequest("list-identities", "", "").withQuery("scopeIdentity=nobody"), 404, "31", "identity not found"},
		step{newRequest("search-identities", "", ""), 400, "14", "body is empty"},
		step{newRequest("search-identities", "", `{"emial":"x"}`).withCaller(withStrictMode(defaultCaller)), 400, "", ""},
	)
	w.checkGolden("list-refused")
}
