// Command get-reference serves GET /openapi.yaml, /docs and /docs/redoc.js of the Conomy API.
package main

import (
	"cedula/shared/apidocs"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() { gateway.Start(&conomy.API{Reference: apidocs.Conomy}, "get-reference") }
