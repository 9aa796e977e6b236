package local

import (
	"net/http"
	"testing"
)

// BenchmarkKeys fetches one identity over HTTP with the client's own key and with a scoped one, including authorization.
// Compare the two figures of one run with each other.
func BenchmarkKeys(b *testing.B) {
	s := startServer(b, b.TempDir())
	id := call(b, "POST", s.blnk+"/identities", `{"identity_type":"individual"}`, s.blnkHeaders()...).field(b, "identity_id")
	scoped := call(b, "POST", s.blnk+"/api-keys",
		`{"name":"bench","owner":"bench","scopes":["identities:read"],"expires_at":"2100-01-01T00:00:00Z"}`, s.blnkHeaders()...).field(b, "key")
	for _, k := range []struct{ name, key string }{{"master", s.credentials.BlnkKey}, {"scoped", scoped}} {
		b.Run(k.name, func(b *testing.B) {
			b.SetParallelism(8)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					a, err := tryCall("GET", s.blnk+"/identities/"+id, "", "X-Blnk-Key", k.key)
					if err != nil || a.status != http.StatusOK {
						b.Errorf("fetch: %v, status %d, want 200", err, a.status)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}
