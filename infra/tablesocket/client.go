package tablesocket

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"cedula/shared/table"
)

const (
	idleConnections = 64
	idleTime        = 30 * time.Second // less than servers wait, so that no call meets the end of its connection
)

// Client is another process's table. It outlives the server: calls fail while
// there is none, and succeed when there is one again.
type Client struct {
	http   *http.Client
	closed atomic.Bool
}

var _ table.Table = (*Client)(nil)

// Dial returns the table that a server offers at path. It returns ErrTooLong,
// ErrVersion, or an error that is table.ErrUnavailable and the system's own:
// fs.ErrNotExist when there is no socket, syscall.ECONNREFUSED when its server
// is dead.
func Dial(ctx context.Context, path string) (*Client, error) {
	if _, err := within(path); err != nil {
		return nil, err
	}
	c := &Client{http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			path, err := within(path)
			if err != nil {
				return nil, err
			}
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
		MaxIdleConnsPerHost: idleConnections,
		IdleConnTimeout:     idleTime,
		DisableCompression:  true,
	}}}
	if _, err := c.send(ctx, http.MethodGet, "", nil); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("dial: %w", err)
	}
	return c, nil
}

// Get implements table.Table.
func (c *Client) Get(ctx context.Context, strong bool, keys ...table.Key) (table.GetResult, error) {
	found, err := call[getAnswer](ctx, c, "get", getRequest{strong, keys})
	return table.GetResult{Items: found.Items.unpack(), Units: found.Units}, err
}

// Query implements table.Table.
func (c *Client) Query(ctx context.Context, q table.Query) (table.Page, error) {
	page, err := call[pageAnswer](ctx, c, "query", queryRequest{q})
	return table.Page{Items: page.Items.unpack(), Next: page.Next, Units: page.Units}, err
}

// Write implements table.Table. It is sent once: what became of it when the
// server went away stays unknown.
func (c *Client) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	done, err := call[writeAnswer](ctx, c, "write", packOps(ops))
	return done.Units, err
}

// Close lets the calls under way finish. Every later one returns
// table.ErrUnavailable; closing twice is no error.
func (c *Client) Close() error {
	c.closed.Store(true)
	c.http.CloseIdleConnections()
	return nil
}

// call asks the server and returns its answer or its error.
func call[A any](ctx context.Context, c *Client, name string, request any) (A, error) {
	var none A
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(request); err != nil {
		return none, fmt.Errorf("%s: %w: it cannot be sent: %w", name, table.ErrMisuse, err)
	}
	text, err := c.send(ctx, http.MethodPost, "/"+name, body.Bytes())
	if err != nil {
		return none, fmt.Errorf("%s: %w", name, err)
	}
	var a answer[A]
	if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&a); err != nil {
		return none, fmt.Errorf("%s: %w: the answer cannot be read: %w", name, table.ErrUnavailable, err)
	}
	if a.Problem != nil {
		return none, a.Problem.unpack()
	}
	return a.Value, nil
}

// send makes one request. A POST is never sent twice, except where nothing of
// it had left.
func (c *Client) send(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.closed.Load() {
		return nil, fmt.Errorf("%w: the client is closed", table.ErrUnavailable)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://table/"+version+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, lost(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return nil, lost(ctx, err)
	case response.StatusCode == http.StatusNotFound:
		return nil, fmt.Errorf("%w: %w", table.ErrUnavailable, ErrVersion)
	case response.StatusCode >= http.StatusMultipleChoices:
		return nil, fmt.Errorf("%w: status %d: %s", table.ErrUnavailable, response.StatusCode, bytes.TrimSpace(text))
	}
	return text, nil
}

// lost is the error of a call that got no whole answer.
func lost(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	if sent := new(url.Error); errors.As(err, &sent) {
		err = sent.Err
	}
	return fmt.Errorf("%w: %w", table.ErrUnavailable, err)
}
