package auth_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"cedula/shared/auth"
)

func TestKeyFormat(t *testing.T) {
	w := newFixture(t)
	for prefix, key := range map[string]string{"cak": w.credentials.Keys["conomy"], "cbk": w.credentials.Keys["blnk"]} {
		form := regexp.MustCompile("^" + prefix + "_" + w.client.ID + "[" + alphabet + "]{8}_[" + alphabet + "]{38}$")
		if !form.MatchString(key) {
			t.Errorf("a %s key is not of its form; want form.MatchString(key)", prefix)
		}
		if withChecksum(key[:61]) != key {
			t.Errorf("a %s key has another check than the grammar says; want withChecksum(key[:61]) == key", prefix)
		}
		stored := w.store.keys[key[4:28]]
		if stored.Client != w.client.ID || !stored.Hash.Equal(w.hasher.Hash(key)) {
			t.Errorf("a %s key is not stored under its id, by its hash; want stored.Client == w.client.ID and stored.Hash == w.hasher.Hash(key)", prefix)
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
		"NUL in place":                withChecksum(good[:40] + "\x00" + good[41:61]),
		"upper case":                  strings.ToUpper(good),
		"upper case prefix":           withChecksum("CBK" + body[3:]),
		"digit in the prefix":         withChecksum("c1k" + body[3:]),
		"upper case id":               withChecksum("cbk_" + strings.ToUpper(id) + good[28:61]),
		"letter i, not of the id's":   withChecksum(good[:10] + "i" + good[11:61]),
		"letter l":                    withChecksum(good[:10] + "l" + good[11:61]),
		"letter o":                    withChecksum(good[:45] + "o" + good[46:61]),
		"letter u":                    withChecksum(good[:45] + "u" + good[46:61]),
		"hyphen":                      withChecksum(good[:45] + "-" + good[46:61]),
		"separator inside the secret": withChecksum(good[:45] + "_" + good[46:61]),
		"first separator another":     withChecksum("cbk-" + body[4:]),
		"second separator another":    withChecksum(good[:28] + "-" + good[29:61]),
		"separators moved":            withChecksum("cbk_" + id[:23] + "_" + id[23:] + good[29:61]),
		"two-byte letter":             withChecksum(good[:40] + "é" + good[42:61]),
		"full-width digit":            withChecksum(good[:40] + "１" + good[43:61]),
		"invalid UTF-8":               withChecksum(good[:40] + "\xff" + good[41:61]),
		"check off by one":            body + withNextChar(good[61:], 5),
		"check off in front":          body + withNextChar(good[61:], 0),
		"check of another key":        body + withChecksum(good[:60] + withNextChar(good[60:61], 0))[61:],
		"secret mistyped":             withNextChar(good, 35),
		"id mistyped":                 withNextChar(good, 12),
		"two letters swapped":         withSwappedChars(good),
		"a hash":                      strings.Repeat("a", 64),
		"a token":                     "eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
		"SQL":                         "cbk_' OR '1'='1",
	}
}

// withNextChar changes one character to the next of the alphabet.
func withNextChar(s string, at int) string {
	next := alphabet[(strings.IndexByte(alphabet, s[at])+1)%32]
	return s[:at] + string(next) + s[at+1:]
}

// withSwappedChars exchanges the first two neighbours of the secret that differ.
func withSwappedChars(s string) string {
	for i := 29; ; i++ {
		if s[i] != s[i+1] {
			return s[:i] + s[i+1:i+2] + s[i:i+1] + s[i+2:]
		}
	}
}

func TestMalformedKeyNeedsNoStoreCall(t *testing.T) {
	w := newFixture(t)
	token := w.token(t)
	for fact, blnk := range malformedKeys(w.credentials.Keys["blnk"]) {
		t.Run(fact, func(t *testing.T) {
			conomy := malformedKeys(w.credentials.Keys["conomy"])[fact]
			_, keyErr := w.authenticator.AuthenticateKey(ctx, blnkAPI, blnk)
			_, bearerErr := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, conomy)
			_, loginErr := w.authenticator.Login(ctx, conomyAPI, conomy, w.credentials.ClientID, w.credentials.ClientSecret)
			for _, err := range []error{keyErr, bearerErr, loginErr} {
				wantError(t, err, auth.ErrInvalid)
			}
			if w.store.callCount() != 0 {
				t.Error("the store was asked")
			}
		})
	}
}

// wantError wants exactly one reason, in a text without any part of a credential.
func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
	if text := err.Error(); len(text) > 80 || strings.Contains(text, "cak_") || strings.Contains(text, "cbk_") || strings.Contains(text, "eyJ") {
		t.Errorf(`the error says too much: %q; want len(text) <= 80 and not strings.Contains(text, "cak_") and not strings.Contains(text, "cbk_") and not strings.Contains(text, "eyJ")`, text)
	}
}

func FuzzKey(f *testing.F) {
	w := newFixture(f)
	for _, key := range malformedKeys(w.credentials.Keys["blnk"]) {
		if len(key) < 1<<10 {
			f.Add(key)
		}
	}
	f.Add(w.credentials.Keys["blnk"])
	f.Add(w.credentials.Keys["conomy"])
	f.Add(withWrongSecret(w.credentials.Keys["blnk"]))
	form := regexp.MustCompile("^c[ab]k_[" + alphabet + "]{24}_[" + alphabet + "]{38}$")
	f.Fuzz(func(t *testing.T, key string) {
		asked := w.store.callCount()
		_, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, key)
		if (err == nil) != (key == w.credentials.Keys["blnk"]) {
			t.Fatalf(`%q: %v; want (err == nil) == (key == w.credentials.Keys["blnk"])`, key, err)
		}
		if w.store.callCount() > asked && (!form.MatchString(key) || withChecksum(key[:61]) != key) {
			t.Fatalf("%q: the store was asked for what is no key; want w.store.callCount() <= asked or form.MatchString(key) and withChecksum(key[:61]) == key", key)
		}
	})
}
