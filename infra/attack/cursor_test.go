package attack

import (
	"net/url"
	"strings"
	"testing"
)

// TestCursorEncodingIsCanonical: a text that differs from the one given out is no
// cursor, also where base64 has bits to spare or passes over a line break.
func TestCursorEncodingIsCanonical(t *testing.T) {
	w := newTestEnv(t)
	const set = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for range 2 {
		w.blnk.call(t, "create-identity", "", blnkPersonBody)
	}
	for _, query := range []url.Values{{"limit": {"1"}}, {"limit": {"1"}, "country_eq": {"Chile"}}, {"limit": {"1"}, "city_ne": {"xy"}}} {
		e := w.blnk.event(t, "list-identities", "", "")
		e.MultiValueQueryStringParameters = query
		good, _, _ := strings.Cut(strings.TrimPrefix(w.blnk.send(t, "list-identities", e).MultiValueHeaders["Link"][0], "<?cursor="), "&")
		last := strings.IndexByte(set, good[len(good)-1])
		for sent, status := range map[string]int{
			good: 200, good + "\n": 400, good[:8] + "\r\n" + good[8:]: 400, good + "=": 400,
			good[:len(good)-1] + string(set[last^1]): 400,
		} {
			e.MultiValueQueryStringParameters = url.Values{"cursor": {sent}}
			if got := w.blnk.send(t, "list-identities", e); got.StatusCode != status {
				t.Errorf("%q: %d %s", sent, got.StatusCode, got.Body)
			}
		}
	}
}
