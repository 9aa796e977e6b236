package main

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

// BenchmarkKeys fetches one identity over HTTP with the master key and with a
// scoped one, authorization and all. The two figures are to be compared with
// each other, within one run.
func BenchmarkKeys(b *testing.B) {
	s := startServerAt(b, b.TempDir(), "localhost:0", "localhost:0")
	made := call(b, "POST", s.blnk+"/identities", `{"identity_type":"individual"}`, "X-Blnk-Key", s.credentials.BlnkKey)
	id := jsonField(b, made, "identity_id")
	scoped := call(b, "POST", s.blnk+"/api-keys",
		`{"name":"bench","owner":"bench","scopes":["identities:read"],"expires_at":"2100-01-01T00:00:00Z"}`, "X-Blnk-Key", s.credentials.BlnkKey)
	pool := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	var body struct{ Key string }
	if err := json.Unmarshal(scoped.body, &body); err != nil || scoped.status != http.StatusCreated {
		b.Fatalf("%d %s", scoped.status, scoped.body)
	}
	for _, k := range []struct{ name, key string }{{"master", s.credentials.BlnkKey}, {"scoped", body.Key}} {
		b.Run(k.name, func(b *testing.B) {
			b.SetParallelism(8)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					fetchOne(b, pool, s.blnk+"/identities/"+id, k.key)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}

func fetchOne(b *testing.B, pool *http.Client, url, key string) {
	r, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("X-Blnk-Key", key)
	answer, err := pool.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		b.Errorf("got %d", answer.StatusCode)
	}
}
