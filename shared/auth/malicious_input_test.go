package auth_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// maliciousTokens are invalid, except those whose name begins with "expired". Most are signed with the right key.
func (w *fixture) maliciousTokens(t testing.TB) map[string]string {
	all := w.malformedTokens(t)
	maps.Copy(all, w.badHeaders())
	maps.Copy(all, w.badClaims())
	return all
}

func (w *fixture) malformedTokens(t testing.TB) map[string]string {
	good := w.signToken(w.header(""), w.claims())
	parts := strings.Split(good, ".")
	h, p, s := parts[0], parts[1], parts[2]
	other := &fixture{signer: newLocalKey(t), client: w.client, now: w.now}
	return map[string]string{
		"empty":                     "",
		"two dots":                  "..",
		"1 MB of dots":              strings.Repeat(".", 1<<20),
		"1 MB of header":            strings.Repeat("A", 1<<20) + "." + p + "." + s,
		"1 MB of claims":            w.signToken(w.header(""), appendMember(w.claims(), `"x":"`+strings.Repeat("x", 1<<20)+`"`)),
		"1 MB of signature":         h + "." + p + "." + strings.Repeat("A", 1<<20),
		"just over 8 KB":            w.signToken(w.header(""), appendMember(w.claims(), `"x":"`+strings.Repeat("x", 6000)+`"`)),
		"8 KB of claims, unsigned":  h + "." + strings.Repeat("A", 7600) + "." + strings.Repeat("A", 86),
		"claims nested, unsigned":   h + "." + b64(strings.Repeat("[", 5700)) + "." + strings.Repeat("A", 86),
		"two parts":                 h + "." + p,
		"four parts":                good + "." + s,
		"trailing dot":              good + ".",
		"leading space":             " " + good,
		"leading scheme":            "Bearer " + good,
		"trailing line feed":        good + "\n",
		"line feed inside":          h + "." + p[:8] + "\n" + p[8:] + "." + s,
		"padding":                   h + "." + p + "." + s + "==",
		"signature's spare bits":    h + "." + p + "." + withSpareBit(s),
		"line feed in the header":   h[:8] + "\n" + h[8:] + "." + p + "." + s,
		"2 KB of header, signed":    w.signToken(w.header(strings.Repeat(" ", 1500)), w.claims()),
		"JSON serialization":        fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, h, p, s),
		"no signature":              h + "." + p + ".",
		"zero signature":            h + "." + p + "." + strings.Repeat("A", 86),
		"signature 63 bytes":        h + "." + p + "." + s[:84],
		"signature 65 bytes":        h + "." + p + "." + strings.Repeat("A", 87),
		"signature in DER":          h + "." + p + "." + b64("\x30\x44\x02\x20"+strings.Repeat("\x01", 32)+"\x02\x20"+strings.Repeat("\x01", 32)),
		"signature of other claims": h + "." + b64(w.claims("tenant", `"evil"`)) + "." + s,
		"signed with another key":   other.signToken(w.header(""), w.claims()),
		"kid of another key":        other.signToken(other.header(""), w.claims()),
		"secret is the public key":  w.hmacToken("HS256"),
		"the same, said to be ours": w.hmacToken("ES256"),
	}
}

// withSpareBit sets a bit of the last character that base64 drops.
func withSpareBit(part string) string {
	const set = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	end := len(part) - 1
	return part[:end] + string(set[strings.IndexByte(set, part[end])+1])
}

func (w *fixture) badHeaders() map[string]string {
	good, c := w.header(""), w.claims()
	kid := fmt.Sprintf("%q", kid(w.signer))
	as := func(was, is string) string { return w.signToken(strings.Replace(good, was, is, 1), c) }
	with := func(member string) string { return w.signToken(w.header(","+member), c) }
	return map[string]string{
		"alg none":               as("ES256", "none"),
		"alg none, unsigned":     b64(strings.Replace(good, "ES256", "none", 1)) + "." + b64(c) + ".",
		"alg empty":              as("ES256", ""),
		"alg RS256":              as("ES256", "RS256"),
		"alg ES384":              as("ES256", "ES384"),
		"alg a list":             as(`"ES256"`, `["ES256"]`),
		"alg absent":             as(`"alg":"ES256",`, ``),
		"typ absent":             as(`"typ":"at+jwt",`, ``),
		"typ JWT":                as("at+jwt", "JWT"),
		"typ of an id token":     as("at+jwt", "id+jwt"),
		"kid absent":             as(`,"kid":`+kid, ``),
		"kid empty":              as(kid, `""`),
		"kid a number":           as(kid, `1`),
		"kid unknown":            as(kid, `"another"`),
		"kid a path":             as(kid, `"../../key"`),
		"kid of 200 characters":  as(kid, `"`+strings.Repeat("k", 200)+`"`),
		"jku":                    with(`"jku":"https://evil.example/keys"`),
		"jwk":                    with(`"jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`),
		"x5u":                    with(`"x5u":"https://evil.example/chain"`),
		"x5c":                    with(`"x5c":["AAAA"]`),
		"crit":                   with(`"crit":["exp"],"exp":1`),
		"b64 false":              with(`"b64":false`),
		"alg twice":              with(`"alg":"ES256"`),
		"alg twice, one escaped": with(`"\u0061lg":"none"`),
		"kid twice":              with(`"kid":` + kid),
		"header cut short":       w.signToken(good[:20], c),
		"header and more":        w.signToken(good+`{}`, c),
		"header not UTF-8":       as(kid, "\"\xff\""),
		"header deeply nested":   w.signToken(strings.Repeat("[", 700), c),
		"header of 900 names":    w.signToken(w.header(strings.Repeat(`,"a":0`, 900)), c),
	}
}

func (w *fixture) badClaims() map[string]string {
	now := w.now.Unix()
	with := func(name, value string) string { return w.signToken(w.header(""), w.claims(name, value)) }
	plus := func(member string) string { return w.signToken(w.header(""), appendMember(w.claims(), member)) }
	raw := func(claims string) string { return w.signToken(w.header(""), claims) }
	at := func(s int64) string { return fmt.Sprint(now + s) }
	all := map[string]string{
		"iss another":               with("iss", `"https://evil.example"`),
		"iss with a slash":          with("iss", `"`+issuer+`/"`),
		"aud another":               with("aud", `"other"`),
		"aud a list without ours":   with("aud", `["a","b"]`),
		"aud an empty list":         with("aud", `[]`),
		"aud an object":             with("aud", `{"cedula":1}`),
		"neither sub nor client_id": w.signToken(w.header(""), w.claims("sub", "", "client_id", "")),
		"client_id not sub":         with("client_id", `"0123456789abcdef"`),
		"client_id a number":        with("client_id", `1`),
		"tenant empty":              with("tenant", `""`),
		"exp null":                  with("exp", `null`),
		"exp a string":              with("exp", `"`+at(60)+`"`),
		"exp with a fraction":       with("exp", at(60)+".5"),
		"exp beyond 64 bits":        with("exp", `99999999999999999999`),
		"exp at the end of time":    with("exp", `9223372036854775807`),
		"exp over 24 hours on":      with("exp", at(86401)),
		"exp at iat":                w.signToken(w.header(""), w.claims("iat", at(30), "exp", at(30))),
		"exp before iat":            w.signToken(w.header(""), w.claims("iat", at(40), "exp", at(30))),
		"iat 61 s ahead":            with("iat", at(61)),
		"iat negative":              with("iat", `-9223372036854775808`),
		"nbf 61 s ahead":            plus(`"nbf":` + at(61)),
		"exp twice":                 plus(`"exp":` + at(60)),
		"exp twice, one escaped":    plus(`"\u0065xp":` + at(60)),
		"unknown claim twice":       plus(`"x":1,"x":2`),
		"EXP for exp":               raw(strings.Replace(w.claims(), `"exp"`, `"EXP"`, 1)),
		"claims null":               raw(`null`),
		"claims and more":           raw(w.claims() + `{}`),
		"claims not UTF-8":          plus("\"x\":\"\xff\""),
		"claims deeply nested":      plus(`"x":` + strings.Repeat("[", 1000)),
		"expired this second":       w.signToken(w.header(""), w.claims("iat", at(-60), "exp", at(0))),
		"expired long ago":          w.signToken(w.header(""), w.claims("iat", at(-86400), "exp", at(-3600))),
	}
	for _, name := range []string{"iss", "sub", "aud", "client_id", "tenant", "iat", "exp", "jti"} {
		all[name+" absent"] = with(name, "")
	}
	return all
}
