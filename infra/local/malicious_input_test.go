package main

import (
	"strings"
	"testing"
)

// TestMaliciousBodiesAreRejected sends what no client should, to both dialects, and wants a
// clear 4xx and nothing stored.
func TestMaliciousBodiesAreRejected(t *testing.T) {
	w := newFixture(t)
	conomyHeaders := []string{"Authorization", "Bearer " + w.token(t), "x-api-key", w.credentials.ConomyKey}
	blnkHeaders := []string{"X-blnk-key", w.credentials.BlnkKey}
	call(t, "GET", w.conomy+"/identities/warm", "", conomyHeaders...)
	call(t, "GET", w.blnk+"/identities/warm", "", blnkHeaders...)
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	big := `{"name":"` + strings.Repeat("a", 11<<20) + `"}`
	tests := []struct {
		name, body string
		status     int
		want       string // in both answers
		more       []string
	}{
		{"malformed", `{"name":`, 400, "not valid JSON at byte 8", nil},
		{"empty", ``, 400, "body is empty", nil},
		{"null", `null`, 400, "body must not be null", nil},
		{"array", `[]`, 400, "body must be an object", nil},
		{"duplicate key", `{"country":"CHL","country":"PER"}`, 400, "country stands twice", nil},
		{"duplicate key inside", `{"metadata":{"a":1,"a":2}}`, 400, "metadata.a stands twice", nil},
		{"wrong type", `{"country":5}`, 400, "country must be a string", nil},
		{"over 10 MB", big, 413, "body is too large", nil},
		{"over 1 MiB", big[:2<<20] + `"}`, 413, "1 MiB", nil},
		{"10,000 deep", deep, 400, "nested deeper than 16", nil},
		{"10,000 deep inside", `{"metadata":` + deep + `}`, 400, "nested deeper than 16", nil},
		{"NUL", `{"country":"a\u0000"}`, 400, "country must not hold a NUL", nil},
		{"lone surrogate", `{"country":"\ud800"}`, 400, "country must not hold a lone surrogate", nil},
		{"invalid UTF-8", "{\"country\":\"\xff\"}", 400, "country must be valid UTF-8", nil},
		{"XML", `<a/>`, 400, "Content-Type must be application/json", []string{"Content-Type", "application/xml"}},
		{"form", `a=b`, 400, "Content-Type must be application/json", []string{"Content-Type", "multipart/form-data; boundary=x"}},
		{"broken content type", `{}`, 400, "Content-Type must be application/json", []string{"Content-Type", ";;"}},
		{"long idempotency key", conomyAndBlnk, 400, "Idempotency-Key must have at most 255", []string{"Idempotency-Key", strings.Repeat("k", 256)}},
	}
	for _, tt := range tests {
		for _, api := range []struct {
			name, url string
			headers   []string
		}{{"conomy", w.conomy, conomyHeaders}, {"blnk", w.blnk, blnkHeaders}} {
			t.Run(tt.name+"/"+api.name, func(t *testing.T) {
				w.tableCalls.Reset()
				a := call(t, "POST", api.url+"/identities", tt.body, append(tt.more, api.headers...)...)
				if a.status != tt.status || !strings.Contains(strings.ToLower(string(a.body)), strings.ToLower(tt.want)) {
					t.Errorf("%d %.300s, want %d %s", a.status, a.body, tt.status, tt.want)
				}
				if got := w.tableCalls.Reset(); got.Total() != 0 {
					t.Errorf("table calls: %+v", got)
				}
			})
		}
	}
}

// conomyAndBlnk is a create that both dialects take.
var conomyAndBlnk = strings.Replace(identityBody(7), "{", `{"first_name":"A",`, 1)

// TestGatewayErrorResponses: what API Gateway itself answers wears the dialect's envelope.
func TestGatewayErrorResponses(t *testing.T) {
	w := newFixture(t)
	tests := []struct {
		name, method, path string
		conomy, blnk       int
	}{
		{"unknown route", "GET", "/nothing", 404, 404},
		{"unknown below identities", "GET", "/identities/x/nothing", 404, 404},
		{"wrong method", "PATCH", "/identities", 404, 405},
		{"empty id", "GET", "/identities/", 404, 404},
		{"root", "POST", "/", 404, 405},
		{"stage alone", "GET", "/sandbox", 404, 404},
		{"encoded slash", "GET", "/identities/a%2Fb%2Fc", 401, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := call(t, tt.method, w.conomy+tt.path, "")
			if a.status != tt.conomy || jsonField(t, a, "type") == "" || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("conomy: %d %s", a.status, a.body)
			}
			a = call(t, tt.method, w.blnk+tt.path, "")
			if a.status != tt.blnk || !strings.Contains(string(a.body), `"error_detail":{"code":"`) {
				t.Errorf("blnk: %d %s", a.status, a.body)
			}
		})
	}
}

// TestInvalidIDsReturnNotFound: an id in the path that no identity can have is 404, whatever it is.
func TestInvalidIDsReturnNotFound(t *testing.T) {
	w := newFixture(t)
	for _, id := range []string{"a%00b", "%ff", "%zz", "a%20b", "juan@example.com", strings.Repeat("a", 65), "%2e%2e", "id;x=1", "é"} {
		a := call(t, "GET", w.blnk+"/identities/"+strings.ReplaceAll(id, "%zz", "%25zz"), "", "X-blnk-key", w.credentials.BlnkKey)
		if a.status != 404 || !strings.Contains(string(a.body), "IDT_NOT_FOUND") {
			t.Errorf("%q: %d %s", id, a.status, a.body)
		}
	}
}

// TestLogHoldsNoPersonalData: one line a request, and none holds what a client
// sent or a credential.
func TestLogHoldsNoPersonalData(t *testing.T) {
	w := newFixture(t)
	token := w.token(t)
	conomyHeaders := []string{"Authorization", "Bearer " + token, "x-api-key", w.credentials.ConomyKey, "User-Agent", "CanaryAgent"}
	body := `{"name":"CanaryName","email":"canary@example.com","phone":"+56900000001","documentType":"RUT","documentNumber":"CANARY1","idv":"CanaryIDV","metadata":{"k":"CanaryMeta"}}`
	requests := []func(){
		func() { call(t, "POST", w.conomy+"/identities", body, conomyHeaders...) },
		func() { call(t, "POST", w.conomy+"/identities", body, conomyHeaders...) },
		func() { call(t, "POST", w.conomy+"/identities", body+"x", conomyHeaders...) },
		func() {
			call(t, "GET", w.conomy+"/identities/canary@example.com?email=canary@example.com", "", conomyHeaders...)
		},
		func() { call(t, "GET", w.conomy+"/CanaryPath", "", conomyHeaders...) },
		func() { call(t, "POST", w.blnk+"/identities", body, "X-blnk-key", "cbk_Canary") },
		func() {
			call(t, "POST", w.blnk+"/identities", `{"first_name":"Canary"}`, "X-blnk-key", w.credentials.BlnkKey)
		},
	}
	before := strings.Count(w.log.String(), "\n")
	for _, send := range requests {
		send()
	}
	log := w.log.String()
	if got := strings.Count(log, "\n") - before; got != len(requests) {
		t.Errorf("%d lines for %d requests:\n%s", got, len(requests), log)
	}
	for _, secret := range []string{"canary", "56900000001", token, w.credentials.ClientSecret, w.credentials.ConomyKey, w.credentials.BlnkKey} {
		if strings.Contains(strings.ToLower(log), strings.ToLower(secret)) {
			t.Errorf("%q is in the log:\n%s", secret, log)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(log), "\n") {
		if len(line) > 600 {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
}
