package blnk

import "cedula/shared/gateway"

// GetReference handles GET /openapi.yaml, /docs and /docs/redoc.js.
func (a *API) GetReference(r *gateway.Request) (gateway.Response, error) {
	return r.ServeFile(a.Reference)
}
