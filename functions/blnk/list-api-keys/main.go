// Command list-api-keys serves GET /api-keys of the Blnk API.
package main

import "cedula/shared/boot/blnk"

func main() { blnk.StartKeys("list-api-keys") }
