package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"cedula/shared/jobs"
	"cedula/shared/table"
)

// ErrVersion means that the server was built from another version of this package.
var ErrVersion = errors.New("admin socket: the server is of another version of this program")

// Dial returns the Registry of the running server of a data folder. Its functions reject a server of another version with
// ErrVersion, and return table.ErrUnavailable if the connection breaks: the outcome of the call is then unknown.
//
// Dial itself returns ErrPathTooLong, or the system's error: fs.ErrNotExist if there is no socket, syscall.ECONNREFUSED if
// its server is dead.
func Dial(ctx context.Context, folder string) (*Registry, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		path, err := socketPath(folder)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	conn, err := dial(ctx, "", "")
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	_ = conn.Close()
	c := &caller{&http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
	r := &Registry{Expire: c.expire}
	for _, o := range r.operations() {
		o.forward(c)
	}
	return r, nil
}

// caller sends requests to a server's socket.
type caller struct{ http *http.Client }

func (o unary[Request, Response]) forward(c *caller) {
	*o.do = func(ctx context.Context, request Request) (result Response, err error) {
		response, err := c.send(ctx, o.name, request)
		if err != nil {
			return result, err
		}
		defer func() { _ = response.Body.Close() }()
		if err := decode(response.Body, &result); err != nil {
			return result, unavailable(ctx, o.name, err)
		}
		return result, nil
	}
}

func (c *caller) expire(ctx context.Context, e Expiry) (*jobs.Result, error) {
	response, err := c.send(ctx, expireOperation, e)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	events := json.NewDecoder(response.Body)
	for {
		var event expiryEvent
		if err := events.Decode(&event); err != nil {
			return nil, unavailable(ctx, expireOperation, err)
		}
		if event.Failure != nil {
			return event.Result, event.Failure
		}
		if event.Result != nil {
			return event.Result, nil
		}
		if e.OnExamined != nil {
			e.OnExamined()
		}
	}
}

// send returns a response that is not an error. The caller closes its body.
func (c *caller) send(ctx context.Context, operation string, request any) (*http.Response, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://admin/v1/"+operation, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(post)
	if err != nil {
		return nil, unavailable(ctx, operation, err)
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusUnprocessableEntity {
		return nil, fmt.Errorf("%s: %w", operation, ErrVersion)
	}
	var f failure
	if err := decode(response.Body, &f); err != nil {
		return nil, unavailable(ctx, operation, err)
	}
	return nil, &f
}

// unavailable is the error of a call that got no complete response.
func unavailable(ctx context.Context, operation string, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	var sent *url.Error
	if errors.As(err, &sent) {
		err = sent.Err
	}
	return fmt.Errorf("%s: %w: %w", operation, table.ErrUnavailable, err)
}
