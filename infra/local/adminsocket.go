package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"cedula/infra/local/admin"
	"cedula/shared/auth"
	"cedula/shared/jobs"
)

// listenAdmin creates the socket by which the command line reaches this process. If that fails, it logs why and returns
// nil: the APIs work without. The folder's lock must be held.
func (d *localRegistry) listenAdmin(ctx context.Context) net.Listener {
	l, err := admin.Listen(ctx, d.dir.path)
	if err != nil {
		path := filepath.Join(d.dir.path, admin.SocketName)
		slog.WarnContext(ctx, "no socket for the operator's command line", "path", path, "error", err.Error())
		return nil
	}
	return l
}

func (d *localRegistry) adminHandler() http.Handler {
	return admin.Handler(&admin.Service{
		Admin:  &auth.Admin{AdminStore: d.store, Hasher: d.hasher, APIs: apis, Now: time.Now},
		Reaper: func() (*jobs.Reaper, error) { return d.reaper(), nil },
	})
}
