package apigateway

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"cedula/shared/gateway"
)

// maxBodyBytes is the largest request body that API Gateway accepts.
const maxBodyBytes = 10 << 20

var errTooLarge = errors.New("body is larger than API Gateway accepts")

// oversizedBody replaces every body that is too long for an operation.
var oversizedBody = strings.Repeat(" ", gateway.MaxBodyBytes+1)

// requestBody reads a request's body and keeps no more of it than an operation accepts. It reads the rest all the same,
// up to maxBodyBytes, because many clients read the response only once they have sent everything.
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

// read returns the body, or oversizedBody. It returns errTooLarge, or another error if the body did not arrive.
func (b *requestBody) read() (string, error) {
	if b.length > gateway.MaxBodyBytes {
		b.drain()
		return oversizedBody, nil
	}
	if b.length == 0 {
		return "", nil
	}
	// Copy makes its buffer no larger than the limit: most bodies are small.
	limit := int64(gateway.MaxBodyBytes + 1)
	if b.length > 0 {
		limit = b.length
	}
	var text strings.Builder
	text.Grow(int(max(b.length, 0)))
	n, err := io.Copy(&text, io.LimitReader(b.reader, limit))
	if err == nil && n > gateway.MaxBodyBytes {
		text = strings.Builder{}
		_, err = io.Copy(io.Discard, b.reader)
		return oversizedBody, asTooLarge(err)
	}
	return text.String(), asTooLarge(err)
}

func asTooLarge(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errTooLarge
	}
	return err
}

// drain reads the body and drops it, unless the client has not sent it yet.
func (b *requestBody) drain() {
	if !b.expectsContinue {
		_, _ = io.Copy(io.Discard, b.reader)
	}
}
