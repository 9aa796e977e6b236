// Command remove-fees serves DELETE /identities/{id}/fees in Conomy's dialect.
package main

import (
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{}, "remove-fees")
}
