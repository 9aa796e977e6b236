package auth_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"cedula/shared/auth"
)

func TestKeyFormat(t *testing.T) {
	w := newWorld(t)
	for prefix, key := range map[string]string{"cak": w.shown.ConomyKey, "cbk": w.shown.BlnkKey} {
		form := regexp.MustCompile("^" + prefix + "_" + w.client.ID + "[" + alphabet + "]{8}_[" + alphabet + "]{38}$")
		if !form.MatchString(key) {
			t.Errorf("a %s key is not of its form", prefix)
		}
		if sealed(key[:61]) != key {
			t.Errorf("a %s key has another check than the grammar says", prefix)
		}
		stored := w.store.keys[key[4:28]]
		if stored.Client != w.client.ID || !stored.Hash.Equal(w.hasher.Hash(key)) {
			t.Errorf("a %s key is not stored under its id, by its hash", prefix)
		}
	}
}

func malformedKeys(good string) map[string]string {
	id, body := good[4:28], good[:61]
	return map[string]string{
		"one character":               "c",
		"prefix only":                 "cbk",
		"no key id":                   "cbk__" + good[29:],
		"no secret":                   good[:29],
		"no check":                    body,
		"one short":                   good[:66],
		"one long":                    good + "0",
		"said twice":                  good + good,
		"1 MB":                        strings.Repeat(good, 1<<20/len(good)),
		"1 MB of separators":          strings.Repeat("_", 1<<20),
		"leading space":               " " + good,
		"trailing space":              good + " ",
		"trailing line feed":          good + "\n",
		"line feed in place":          good[:66] + "\n",
		"trailing NUL":                good + "\x00",
		"NUL in place":                sealed(good[:40] + "\x00" + good[41:61]),
		"upper case":                  strings.ToUpper(good),
		"upper case prefix":           sealed("CBK" + body[3:]),
		"foreign prefix":              sealed("cxk" + body[3:]),
		"upper case id":               sealed("cbk_" + strings.ToUpper(id) + good[28:61]),
		"letter i, not of the id's":   sealed(good[:10] + "i" + good[11:61]),
		"letter l":                    sealed(good[:10] + "l" + good[11:61]),
		"letter o":                    sealed(good[:45] + "o" + good[46:61]),
		"letter u":                    sealed(good[:45] + "u" + good[46:61]),
		"hyphen":                      sealed(good[:45] + "-" + good[46:61]),
		"separator inside the secret": sealed(good[:45] + "_" + good[46:61]),
		"first separator another":     sealed("cbk-" + body[4:]),
		"second separator another":    sealed(good[:28] + "-" + good[29:61]),
		"separators moved":            sealed("cbk_" + id[:23] + "_" + id[23:] + good[29:61]),
		"two-byte letter":             sealed(good[:40] + "é" + good[42:61]),
		"full-width digit":            sealed(good[:40] + "１" + good[43:61]),
		"invalid UTF-8":               sealed(good[:40] + "\xff" + good[41:61]),
		"check off by one":            body + bump(good[61:], 5),
		"check off in front":          body + bump(good[61:], 0),
		"check of another key":        body + sealed(good[:60] + bump(good[60:61], 0))[61:],
		"secret mistyped":             bump(good, 35),
		"id mistyped":                 bump(good, 12),
		"two letters swapped":         swapped(good),
		"a hash":                      strings.Repeat("a", 64),
		"a token":                     "eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
		"SQL":                         "cbk_' OR '1'='1",
	}
}

// bump changes one character to the next of the alphabet.
func bump(s string, at int) string {
	next := alphabet[(strings.IndexByte(alphabet, s[at])+1)%32]
	return s[:at] + string(next) + s[at+1:]
}

// swapped exchanges the first two neighbours of the secret that differ.
func swapped(s string) string {
	for i := 29; ; i++ {
		if s[i] != s[i+1] {
			return s[:i] + s[i+1:i+2] + s[i:i+1] + s[i+2:]
		}
	}
}

func TestMalformedKeyCostsNoTableCall(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	for fact, blnk := range malformedKeys(w.shown.BlnkKey) {
		t.Run(fact, func(t *testing.T) {
			conomy := malformedKeys(w.shown.ConomyKey)[fact]
			_, keyErr := w.guard.Key(ctx, blnk)
			_, bearerErr := w.guard.Bearer(ctx, token, conomy)
			_, loginErr := w.guard.Login(ctx, conomy, w.shown.ClientID, w.shown.ClientSecret)
			for _, err := range []error{keyErr, bearerErr, loginErr} {
				refused(t, err, auth.ErrInvalid)
			}
			if w.store.count() != 0 {
				t.Error("the store was asked")
			}
		})
	}
}

// refused wants exactly one reason, in a text without any part of a credential.
func refused(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
	if text := err.Error(); len(text) > 80 || strings.Contains(text, "cak_") || strings.Contains(text, "cbk_") || strings.Contains(text, "eyJ") {
		t.Errorf("the error says too much: %q", text)
	}
}

func FuzzKey(f *testing.F) {
	w := newWorld(f)
	for _, key := range malformedKeys(w.shown.BlnkKey) {
		if len(key) < 1<<10 {
			f.Add(key)
		}
	}
	f.Add(w.shown.BlnkKey)
	f.Add(w.shown.ConomyKey)
	f.Add(wrong(w.shown.BlnkKey))
	form := regexp.MustCompile("^c[ab]k_[" + alphabet + "]{24}_[" + alphabet + "]{38}$")
	f.Fuzz(func(t *testing.T, key string) {
		asked := w.store.count()
		_, err := w.guard.Key(ctx, key)
		if (err == nil) != (key == w.shown.BlnkKey) {
			t.Fatalf("%q: %v", key, err)
		}
		if w.store.count() > asked && (!form.MatchString(key) || sealed(key[:61]) != key) {
			t.Fatalf("%q: the store was asked for what is no key", key)
		}
	})
}
