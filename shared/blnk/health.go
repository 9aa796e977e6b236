package blnk

import (
	"log/slog"
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/rest"
)

type healthResponse struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitzero"`
}

// getHealth handles GET /health, without a key: UP if the table responds, otherwise 503 and
// DOWN.
func (a *API) getHealth(r *gateway.Request) (gateway.Response, error) {
	if err := a.Health.Ping(r.Context()); err != nil {
		slog.ErrorContext(r.Context(), "health", "trace", r.TraceID, "error", err.Error())
		down := healthResponse{"DOWN", "the table does not answer"}
		return rest.JSON(http.StatusServiceUnavailable, down).WithHeader("Retry-After", "1"), nil
	}
	return rest.JSON(http.StatusOK, healthResponse{Status: "UP"}), nil
}

// getRoot handles GET /, without a key, in Blnk's words.
func getRoot(*gateway.Request) (gateway.Response, error) {
	return rest.JSON(http.StatusOK, "server running..."), nil
}
