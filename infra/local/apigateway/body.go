package apigateway

import (
	"io"
	"strings"

	"cedula/shared/gateway"
)

// maxBodyBytes is the largest request body that API Gateway accepts.
const maxBodyBytes = 10 << 20

// oversizedBody replaces every body that is too long for an operation.
var oversizedBody = strings.Repeat(" ", gateway.MaxBodyBytes+1)

// readBody returns the request's body, or oversizedBody. It keeps no more of a body than an operation accepts, but reads all
// of it, because many clients read the response only once they have sent everything. It returns an *http.MaxBytesError if
// the gateway rejects the body, or another error if it did not arrive.
func (x *exchange) readBody() (string, error) {
	if x.r.ContentLength > gateway.MaxBodyBytes {
		x.drainBody()
		return oversizedBody, nil
	}
	text, err := io.ReadAll(io.LimitReader(x.r.Body, gateway.MaxBodyBytes+1))
	if err == nil && len(text) > gateway.MaxBodyBytes {
		_, err = io.Copy(io.Discard, x.r.Body)
		return oversizedBody, err
	}
	return string(text), err
}

// drainBody reads the body and drops it, unless the client sends it only when asked to.
func (x *exchange) drainBody() {
	if !strings.EqualFold(x.r.Header.Get("Expect"), "100-continue") {
		_, _ = io.Copy(io.Discard, x.r.Body)
	}
}
