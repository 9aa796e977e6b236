// Command remove-fees serves DELETE /identities/{id}/fees of the Conomy API.
package main

import (
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() { gateway.Start(&conomy.API{}, "remove-fees") }
