package timetravel_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cedula/infra/local/timetravel"
)

func TestClockOnlyAdvances(t *testing.T) {
	folder := t.TempDir()
	c, err := timetravel.Open(folder)
	if err != nil || c.Offset("a") != 0 || c.LargestOffset() != 0 {
		t.Fatalf("Open = %v with offset %v, want no offset", err, c.LargestOffset())
	}
	for _, tt := range []struct {
		by   time.Duration
		want time.Duration // 0: an error
	}{
		{0, 0},
		{-time.Hour, 0},
		{time.Hour, time.Hour},
		{time.Minute, time.Hour + time.Minute},
		{timetravel.MaxOffset, 0},
		{timetravel.MaxOffset - time.Hour - time.Minute, timetravel.MaxOffset},
		{1, 0},
	} {
		got, err := c.Advance("a", tt.by)
		if got != tt.want || (err == nil) != (tt.want != 0) {
			t.Errorf("Advance(%v) = %v, %v, want %v", tt.by, got, err, tt.want)
		}
	}
	if _, err := c.Advance("b", time.Second); err != nil {
		t.Fatal(err)
	}
	again, err := timetravel.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	for tenant, want := range map[string]time.Duration{"a": timetravel.MaxOffset, "b": time.Second, "c": 0} {
		if got := again.Offset(tenant); got != want {
			t.Errorf("offset of %s after reopening = %v, want %v", tenant, got, want)
		}
	}
	if got := again.LargestOffset(); got != timetravel.MaxOffset {
		t.Errorf("largest offset = %v, want %v", got, timetravel.MaxOffset)
	}
}

func TestOpenReadsTheFile(t *testing.T) {
	for content, want := range map[string]string{
		"{": "clock.json is damaged", `{"acme":-1}`: "clock.json is damaged", `{"acme":9223372036854775807}`: "clock.json is damaged", "null": "", "{}": "",
	} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, timetravel.FileName), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := timetravel.Open(folder)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Open of %s = %v, want an error with %q", content, err, want)
			}
			continue
		}
		if err != nil {
			t.Fatalf("Open of %s = %v, want no error", content, err)
		}
		if got, err := c.Advance("acme", time.Hour); got != time.Hour || err != nil {
			t.Errorf("Advance after %s = %v, %v, want 1h", content, got, err)
		}
	}
}

func TestUnreadableFileIsNotCalledDamaged(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, timetravel.FileName), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := timetravel.Open(folder); err == nil || strings.Contains(err.Error(), "damaged") {
		t.Errorf("Open of a folder in the file's place = %v, want the error of reading it", err)
	}
}

func TestHandler(t *testing.T) {
	folder := t.TempDir()
	c, err := timetravel.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	h := timetravel.Handler(c, "sandbox")
	for _, tt := range []struct {
		name, method, target, body, origin string
		status                             int
		want                               string
	}{
		{"advance", "POST", "/clock", `{"advance":"1h"}`, "", 200, `{"tenant":"sandbox","ahead":"1h0m0s","now":"`},
		{"advance from the same origin", "POST", "/clock", `{"advance":"1h"}`, "http://example.com", 200, `"ahead":"2h0m0s"`},
		{"another tenant", "POST", "/clock", `{"advance":"1m","tenant":"other"}`, "", 200, `{"tenant":"other","ahead":"1m0s"`},
		{"show", "GET", "/clock", "", "", 200, `{"tenant":"sandbox","ahead":"2h0m0s"`},
		{"show another tenant", "GET", "/clock?tenant=other", "", "", 200, `"ahead":"1m0s"`},
		{"page of another site", "POST", "/clock", `{"advance":"1h"}`, "http://evil.example", 403, "another site"},
		{"backwards", "POST", "/clock", `{"advance":"-1h"}`, "", 400, "above 0"},
		{"no duration", "POST", "/clock", `{"advance":"soon"}`, "", 400, "must be a duration"},
		{"no JSON", "POST", "/clock", `{`, "", 400, "the body must be"},
		{"no tenant's name", "POST", "/clock", `{"advance":"1h","tenant":"a/b"}`, "", 400, "tenant must be"},
	} {
		r := httptest.NewRequest(tt.method, tt.target, strings.NewReader(tt.body))
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %d %s, want %d with %s", tt.name, w.Code, w.Body, tt.status, tt.want)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, timetravel.FileName+".new"), 0o700); err != nil { // cannot be written any more
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/clock", strings.NewReader(`{"advance":"1h"}`)))
	if w.Code != http.StatusBadRequest || c.Offset("sandbox") != 2*time.Hour {
		t.Errorf("advance without a disk = %d and offset %v, want 400 and 2h as before", w.Code, c.Offset("sandbox"))
	}
}
