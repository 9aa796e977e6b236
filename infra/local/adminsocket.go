package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"

	"cedula/infra/tablesocket"
)

// listenAdmin makes the socket in the data folder by which the operator's
// command line reaches the table, since this process alone may open it. Whoever
// can open the socket can do everything to the table, damage included: it is
// the operator's own machine and user, who could as well delete the folder, so
// the socket's and the folder's modes are the whole protection.
//
// Where there can be no socket it returns nil and says why in the log; the APIs
// work without. The folder's lock must be held.
func (d *localRegistry) listenAdmin(ctx context.Context) net.Listener {
	path := d.dir.join(tablesocket.Name)
	l, err := tablesocket.Listen(ctx, path)
	if err != nil {
		slog.WarnContext(ctx, "no socket for the operator's command line", "path", path, "error", err.Error())
		return nil
	}
	return l
}

// adminHandler answers the command line.
func (d *localRegistry) adminHandler() http.Handler { return tablesocket.Handler(d.dispatcher) }
