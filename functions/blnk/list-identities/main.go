// Command list-identities serves GET /identities of the Blnk API.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&blnk.API{Identities: boot.Must(boot.NewRegistry(c)), Cursors: blnk.NewCursorCodec(boot.Must(boot.SecretKey(c)))}, "list-identities")
}
