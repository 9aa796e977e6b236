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
	"cedula/shared/strictjson"
)

// Cursors makes the texts that say where a list goes on. They stand in URLs,
// and hold what a client searched for, so they are encrypted (AES-256-GCM), and
// good for one tenant and one operation only.
type Cursors struct{ aead cipher.AEAD }

// NewCursors derives the key from the deployment's secret (HKDF, RFC 5869). It
// panics if that is empty.
func NewCursors(secret []byte) *Cursors {
	key, err := hkdf.Key(sha256.New, secret, nil, "cedula blnk cursors 1", 32)
	if err != nil || len(secret) == 0 {
		panic("blnk: no key for cursors")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("blnk: " + err.Error()) // only for a key of another length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("blnk: " + err.Error())
	}
	return &Cursors{aead}
}

// Format shows nothing.
func (c *Cursors) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[cursors]") }

// cursor is where a list goes on, and which list.
type cursor struct {
	After entryWire `json:"a"`
	Skip  int       `json:"s,omitzero"`
	Total int       `json:"t,omitzero"`
	Seen  int       `json:"g,omitzero"`
	Until entryWire `json:"u,omitzero"`
	Shown entryWire `json:"m,omitzero"`
	Text  string    `json:"x,omitzero"` // of Shown
	Query string    `json:"q,omitzero"` // the request's own filters
	Print string    `json:"f"`          // of its filters and order
}

type entryWire struct {
	Number int64  `json:"n,omitzero"`
	ID     string `json:"i,omitzero"`
}

func (e entryWire) entry() identity.Entry { return identity.Entry{ID: e.ID, Number: e.Number} }

func wireEntry(e identity.Entry) entryWire { return entryWire{e.Number, e.ID} }

func newCursor(p identity.Position, query, fingerprint string) cursor {
	return cursor{
		After: wireEntry(p.After), Skip: p.Skip, Total: p.Total, Seen: p.Seen, Until: wireEntry(p.Until),
		Shown: wireEntry(p.Shown.Entry), Text: p.Shown.Text, Query: query, Print: fingerprint,
	}
}

func (c *cursor) position() identity.Position {
	return identity.Position{
		After: c.After.entry(), Skip: c.Skip, Total: c.Total, Seen: c.Seen, Until: c.Until.entry(),
		Shown: identity.Mark{Entry: c.Shown.entry(), Text: c.Text},
	}
}

func (c *Cursors) seal(tenant, operation string, at cursor) string {
	box := c.aead.Seal(nil, nil, strictjson.Encode(at), boundTo(tenant, operation)) //nolint:gosec // G407 does not know that this one makes its nonce
	return spelling.EncodeToString(box)
}

// spelling is that of cursors: each has one, so one that was altered is none.
var spelling = base64.RawURLEncoding.Strict()

// open returns errCursor for what seal did not make for this tenant and operation.
func (c *Cursors) open(tenant, operation, text string) (at cursor, err error) {
	box, err := spelling.DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // which base64 passes over
		return at, errCursor
	}
	plain, err := c.aead.Open(nil, nil, box, boundTo(tenant, operation))
	if err != nil || strictjson.Decode(plain, &at) != nil {
		return at, errCursor
	}
	return at, nil
}

func boundTo(tenant, operation string) []byte { return []byte(operation + "\x00" + tenant) }
