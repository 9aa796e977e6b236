package auth_test

import (
	"regexp"
	"strings"
	"testing"

	"cedula/shared/auth"
)

func TestKeyFormat(t *testing.T) {
	w := newFixture(t)
	for prefix, key := range map[string]string{"cak": w.conomyKey, "cbk": w.blnkKey} {
		form := regexp.MustCompile("^" + prefix + "_" + w.client.ID + "[" + alphabet + "]{8}_[" + alphabet + "]{38}$")
		if !form.MatchString(key) || withChecksum(key[:61]) != key {
			t.Errorf("a %s key does not match %v or has a wrong checksum", prefix, form)
		}
		if stored := w.store.keys[keyID(key)]; stored.Client != w.client.ID || !stored.Hash.Equal(w.hasher.Hash(key)) {
			t.Errorf("a %s key is not stored under its id and with its hash", prefix)
		}
	}
}

func malformedKeys(good string) map[string]string {
	id, body := good[4:28], good[:61]
	return map[string]string{
		"no key id":                   "cbk__" + good[29:],
		"no secret":                   good[:29],
		"one short":                   good[:66],
		"one long":                    good + "0",
		"1 MB of separators":          strings.Repeat("_", 1<<20),
		"leading space":               " " + good,
		"trailing space":              good + " ",
		"NUL in place":                withChecksum(good[:40] + "\x00" + good[41:61]),
		"upper case":                  strings.ToUpper(good),
		"digit in the prefix":         withChecksum("c1k" + body[3:]),
		"upper case id":               withChecksum("cbk_" + strings.ToUpper(id) + good[28:61]),
		"letter i, not of the id's":   withChecksum(good[:10] + "i" + good[11:61]),
		"letter o":                    withChecksum(good[:45] + "o" + good[46:61]),
		"hyphen":                      withChecksum(good[:45] + "-" + good[46:61]),
		"separator inside the secret": withChecksum(good[:45] + "_" + good[46:61]),
		"first separator another":     withChecksum("cbk-" + body[4:]),
		"second separator another":    withChecksum(good[:28] + "-" + good[29:61]),
		"separators moved":            withChecksum("cbk_" + id[:23] + "_" + id[23:] + good[29:61]),
		"full-width digit":            withChecksum(good[:40] + "１" + good[43:61]),
		"invalid UTF-8":               withChecksum(good[:40] + "\xff" + good[41:61]),
		"check off by one":            body + withNextChar(good[61:], 5),
		"check of another key":        body + withChecksum(good[:60] + withNextChar(good[60:61], 0))[61:],
		"secret mistyped":             withNextChar(good, 35),
		"id mistyped":                 withNextChar(good, 12),
		"a token":                     "eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
	}
}

func TestMalformedKeyNeedsNoStoreCall(t *testing.T) {
	w := newFixture(t)
	token, conomy := w.token(t), malformedKeys(w.conomyKey)
	for fact, blnk := range malformedKeys(w.blnkKey) {
		t.Run(fact, func(t *testing.T) {
			wantError(t, w.authenticateKey(blnk), auth.ErrInvalid)
			wantError(t, w.authenticateBearer(token, conomy[fact]), auth.ErrInvalid)
			wantError(t, w.login(conomy[fact], w.client.ID, w.secret), auth.ErrInvalid)
			w.wantCalls(t, 0)
		})
	}
}

func FuzzKey(f *testing.F) {
	w := newFixture(f)
	for _, key := range malformedKeys(w.blnkKey) {
		if len(key) < 1<<10 {
			f.Add(key)
		}
	}
	f.Add(w.blnkKey)
	f.Add(w.conomyKey)
	f.Add(withWrongSecret(w.blnkKey))
	form := regexp.MustCompile("^c[ab]k_[" + alphabet + "]{24}_[" + alphabet + "]{38}$")
	f.Fuzz(func(t *testing.T, key string) {
		before := w.store.calls
		err := w.authenticateKey(key)
		if (err == nil) != (key == w.blnkKey) {
			t.Fatalf("AuthenticateKey(%q) = %v, want an error for all but the client's own key", key, err)
		}
		if w.store.calls > before && (!form.MatchString(key) || withChecksum(key[:61]) != key) {
			t.Fatalf("%q is malformed, but the store was called", key)
		}
	})
}
