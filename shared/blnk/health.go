package blnk

import (
	"log/slog"
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/strictjson"
)

type healthResponse struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitzero"`
}

// GetHealth serves GET /health, without a key: UP if the table answers,
// otherwise 503 and DOWN.
func (a *API) GetHealth(r *gateway.Request) (gateway.Response, error) {
	if err := a.Health.Ping(r.Context()); err != nil {
		slog.ErrorContext(r.Context(), "health", "trace", r.TraceID, "error", err.Error())
		down := strictjson.Encode(healthResponse{"DOWN", "the table does not answer"})
		return gateway.JSON(http.StatusServiceUnavailable, down).WithHeader("Retry-After", "1"), nil
	}
	return gateway.JSON(http.StatusOK, strictjson.Encode(healthResponse{Status: "UP"})), nil
}
