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
	"time"

	"cedula/shared/auth"
	"cedula/shared/jobs"
	"cedula/shared/table"
)

// ErrVersion means that the server was built from another version of this package.
var ErrVersion = errors.New("admin socket: the server is of another version of this program")

// Remote is the Registry of a running local server. An error of the connection is table.ErrUnavailable: what became of
// the call is unknown.
type Remote struct{ http *http.Client }

var _ Registry = (*Remote)(nil)

// Dial connects with the server of a data folder. It returns ErrPathTooLong, or the system's error: fs.ErrNotExist if
// there is no socket, syscall.ECONNREFUSED if its server is dead.
func Dial(ctx context.Context, folder string) (*Remote, error) {
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
	return &Remote{&http.Client{Transport: &http.Transport{DialContext: dial}}}, nil
}

// Close closes the connections.
func (r *Remote) Close() error {
	r.http.CloseIdleConnections()
	return nil
}

// CreateClient implements Registry. It validates p because JSON cannot carry every invalid value.
func (r *Remote) CreateClient(ctx context.Context, p auth.ClientParams) (NewClient, error) {
	if err := p.Validate(); err != nil {
		return NewClient{}, err
	}
	return call[NewClient](ctx, r, "create-client", p)
}

// Clients implements Registry.
func (r *Remote) Clients(ctx context.Context, all All) ([]Client, error) {
	return call[[]Client](ctx, r, "clients", all)
}

// Client implements Registry.
func (r *Remote) Client(ctx context.Context, id ByID) (Client, error) {
	return call[Client](ctx, r, "client", id)
}

// Suspend implements Registry.
func (r *Remote) Suspend(ctx context.Context, s Suspension) (Client, error) {
	return call[Client](ctx, r, "suspend", s)
}

// RotateSecret implements Registry.
func (r *Remote) RotateSecret(ctx context.Context, rotation Rotation) (NewSecret, error) {
	return call[NewSecret](ctx, r, "rotate-secret", rotation)
}

// CreateKey implements Registry. It validates p because JSON cannot carry every invalid value.
func (r *Remote) CreateKey(ctx context.Context, p KeyParams) (NewKey, error) {
	if err := p.Validate(time.Now()); err != nil {
		return NewKey{}, err
	}
	return call[NewKey](ctx, r, "create-key", p)
}

// Keys implements Registry.
func (r *Remote) Keys(ctx context.Context, client ByID) ([]Key, error) {
	return call[[]Key](ctx, r, "keys", client)
}

// RotateKey implements Registry.
func (r *Remote) RotateKey(ctx context.Context, rotation Rotation) (NewKey, error) {
	return call[NewKey](ctx, r, "rotate-key", rotation)
}

// RevokeKey implements Registry.
func (r *Remote) RevokeKey(ctx context.Context, revocation Revocation) ([]Key, error) {
	return call[[]Key](ctx, r, "revoke-key", revocation)
}

// Expire implements Registry.
func (r *Remote) Expire(ctx context.Context, e Expiry) (*jobs.Result, error) {
	response, err := r.send(ctx, "expire", e)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	events := json.NewDecoder(response.Body)
	for {
		var event expiryEvent
		if err := events.Decode(&event); err != nil {
			return nil, unavailable(ctx, "expire", err)
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

func call[Response any](ctx context.Context, r *Remote, operation string, request any) (result Response, err error) {
	response, err := r.send(ctx, operation, request)
	if err != nil {
		return result, err
	}
	defer func() { _ = response.Body.Close() }()
	if err := decode(response.Body, &result); err != nil {
		return result, unavailable(ctx, operation, err)
	}
	return result, nil
}

// send returns a response that is not an error. The caller closes its body.
func (r *Remote) send(ctx context.Context, operation string, request any) (*http.Response, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://admin/v1/"+operation, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := r.http.Do(post)
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
