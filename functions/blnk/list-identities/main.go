// Command list-identities serves GET /identities in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{Identities: boot.IdentitiesWithListShards(), Cursors: blnk.NewCursorCodec(boot.Secret())}, "list-identities")
}
