// Command revoke-api-key serves DELETE /api-keys/{id} of the Blnk API.
package main

import "cedula/shared/boot/blnk"

func main() { blnk.StartKeys("revoke-api-key") }
