// Command decide-screening serves POST /identities/{id}/screening in Conomy's dialect.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{Identities: boot.Identities()}, "decide-screening")
}
