package main

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"cedula/shared/gateway"
)

// maxBodyBytes is the largest request body that API Gateway takes.
const maxBodyBytes = 10 << 20

// errTooLarge: a body is larger than maxBodyBytes.
var errTooLarge = errors.New("body is larger than API Gateway takes")

// oversizedBody stands for every body that no operation reads.
var oversizedBody = strings.Repeat(" ", gateway.MaxBodyBytes+1)

// requestBody is a request's body, of which no more is kept than an operation
// reads. The rest is read all the same, up to maxBodyBytes, since many a client
// looks for an answer only once it has sent everything.
type requestBody struct {
	reader          io.Reader
	length          int64 // -1 when unknown
	expectsContinue bool  // the client sends only when asked to
}

func newRequestBody(w http.ResponseWriter, r *http.Request) *requestBody {
	return &requestBody{
		reader:          http.MaxBytesReader(w, r.Body, maxBodyBytes),
		length:          r.ContentLength,
		expectsContinue: strings.EqualFold(r.Header.Get("Expect"), "100-continue"),
	}
}

// read returns the body or, for one that no operation reads, overlong. It
// returns errTooLarge, or another error if the body did not arrive.
func (p *requestBody) read() (string, error) {
	if p.length > gateway.MaxBodyBytes {
		p.drain()
		return oversizedBody, nil
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
	n, err := io.Copy(&text, io.LimitReader(p.reader, limit))
	if err == nil && n > gateway.MaxBodyBytes {
		text = strings.Builder{}
		_, err = io.Copy(io.Discard, p.reader)
		return oversizedBody, asTooLarge(err)
	}
	return text.String(), asTooLarge(err)
}

func asTooLarge(err error) error {
	if past := new(http.MaxBytesError); errors.As(err, &past) {
		return errTooLarge
	}
	return err
}

// drain reads what is not to be kept, unless the client waits with it.
func (p *requestBody) drain() {
	if !p.expectsContinue {
		_, _ = io.Copy(io.Discard, p.reader)
	}
}
