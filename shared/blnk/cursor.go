package blnk

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

// CursorCodec encrypts list cursors (AES-256-GCM), because they are part of URLs and contain filters. A cursor is valid
// for one tenant and one operation only.
type CursorCodec struct{ aead cipher.AEAD }

// NewCursorCodec derives the key from the deployment's secret (HKDF, RFC 5869). It panics if the secret is empty.
func NewCursorCodec(secret []byte) *CursorCodec {
	key, err := hkdf.Key(sha256.New, secret, nil, "cedula blnk cursors 1", 32)
	if err != nil || len(secret) == 0 {
		panic("blnk: no key for cursors")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("blnk: " + err.Error()) // only for a wrong key length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("blnk: " + err.Error())
	}
	return &CursorCodec{aead}
}

// Format hides the key.
func (c *CursorCodec) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[cursors]") }

// cursor identifies a list and the position where it continues.
type cursor struct {
	After         cursorEntry `json:"a"`
	Skip          int         `json:"s,omitzero"`
	Total         int         `json:"t,omitzero"`
	Seen          int         `json:"g,omitzero"`
	Until         cursorEntry `json:"u,omitzero"`
	LastShown     cursorEntry `json:"m,omitzero"`
	LastShownText string      `json:"x,omitzero"` // of LastShown
	Query         string      `json:"q,omitzero"` // the request's own filters
	Fingerprint   string      `json:"f"`          // of its filters and order
}

// cursorEntry has the fields of an identity.IndexEntry, so that one converts to the other.
type cursorEntry struct {
	ID             string `json:"i,omitzero"`
	CreationNumber int64  `json:"n,omitzero"`
}

func newCursor(p registry.Cursor, query, fingerprint string) cursor {
	return cursor{
		After: cursorEntry(p.After), Skip: p.Skip, Total: p.Total, Seen: p.Seen, Until: cursorEntry(p.WindowEnd),
		LastShown: cursorEntry(p.LastShown.IndexEntry), LastShownText: p.LastShown.Text, Query: query, Fingerprint: fingerprint,
	}
}

func (c *cursor) scanCursor() registry.Cursor {
	return registry.Cursor{
		After: identity.IndexEntry(c.After), Skip: c.Skip, Total: c.Total, Seen: c.Seen, WindowEnd: identity.IndexEntry(c.Until),
		LastShown: registry.SortKey{IndexEntry: identity.IndexEntry(c.LastShown), Text: c.LastShownText},
	}
}

func (c *CursorCodec) encrypt(tenant, operation string, at cursor) string {
	box := c.aead.Seal(nil, nil, strictjson.Encode(at), additionalData(tenant, operation)) //nolint:gosec // G407 does not know that this AEAD generates its nonce
	return cursorEncoding.EncodeToString(box)
}

// cursorEncoding is strict, so that a cursor has one encoding only.
var cursorEncoding = base64.RawURLEncoding.Strict()

// decrypt returns errInvalidCursor unless encrypt returned text for this tenant and operation.
func (c *CursorCodec) decrypt(tenant, operation, text string) (*cursor, error) {
	box, err := cursorEncoding.DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // which base64 ignores
		return nil, errInvalidCursor
	}
	plain, err := c.aead.Open(nil, nil, box, additionalData(tenant, operation))
	if err != nil {
		return nil, errInvalidCursor
	}
	var at cursor
	if err := strictjson.Decode(plain, &at); err != nil {
		return nil, errInvalidCursor
	}
	return &at, nil
}

func additionalData(tenant, operation string) []byte { return []byte(operation + "\x00" + tenant) }
