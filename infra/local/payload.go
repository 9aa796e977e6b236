package main

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"cedula/shared/gateway"
)

// maxPayload is the largest request body that API Gateway takes.
const maxPayload = 10 << 20

// errTooLarge: a body is larger than maxPayload.
var errTooLarge = errors.New("body is larger than API Gateway takes")

// overlong stands for every body that no operation reads.
var overlong = strings.Repeat(" ", gateway.MaxBodyBytes+1)

// payload is a request's body, of which no more is kept than an operation
// reads. The rest is read all the same, up to maxPayload, since many a client
// looks for an answer only once it has sent everything.
type payload struct {
	from   io.Reader
	length int64 // -1 when unknown
	waits  bool  // the client sends only when asked to
}

func newPayload(w http.ResponseWriter, r *http.Request) *payload {
	return &payload{
		from:   http.MaxBytesReader(w, r.Body, maxPayload),
		length: r.ContentLength,
		waits:  strings.EqualFold(r.Header.Get("Expect"), "100-continue"),
	}
}

// read returns the body or, for one that no operation reads, overlong. It
// returns errTooLarge, or another error if the body did not arrive.
func (p *payload) read() (string, error) {
	if p.length > gateway.MaxBodyBytes {
		p.drain()
		return overlong, nil
	}
	if p.length == 0 {
		return "", nil
	}
	// Copy makes its buffer no larger than the limit: most bodies are small.
	limit := int64(gateway.MaxBodyBytes + 1)
	if p.length > 0 {
		limit = p.length
	}
	var text strings.Builder
	text.Grow(int(max(p.length, 0)))
	n, err := io.Copy(&text, io.LimitReader(p.from, limit))
	if err == nil && n > gateway.MaxBodyBytes {
		text = strings.Builder{}
		_, err = io.Copy(io.Discard, p.from)
		return overlong, tooLarge(err)
	}
	return text.String(), tooLarge(err)
}

func tooLarge(err error) error {
	if past := new(http.MaxBytesError); errors.As(err, &past) {
		return errTooLarge
	}
	return err
}

// drain reads what is not to be kept, unless the client waits with it.
func (p *payload) drain() {
	if !p.waits {
		_, _ = io.Copy(io.Discard, p.from)
	}
}
