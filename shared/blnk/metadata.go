package blnk

import (
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// metadataRequest is what is merged into an identity's metadata.
type metadataRequest struct {
	MetaData strictjson.Object `json:"meta_data"`
}

type metadataResponse struct {
	MetaData strictjson.Value `json:"meta_data"`
}

// UpdateMetadata serves POST /{id}/metadata: the members sent take the place of
// those of their name, whole, and a null is kept as one. It answers all of them.
func (a *API) UpdateMetadata(r *gateway.Request) (gateway.Response, error) {
	if !identity.ValidID(r.Param("id")) {
		return gateway.Response{}, errInvalidEntityID
	}
	var body metadataRequest
	if err := decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	if body.MetaData.Value == nil {
		return gateway.Response{}, &strictjson.Error{Field: "meta_data", Reason: "is required and must be an object"}
	}
	changed, err := a.changeIdentity(r, func(i *identity.Identity) error {
		i.Metadata = identity.JSON(strictjson.Merge(strictjson.Value(i.Metadata), body.MetaData.Value))
		return nil
	})
	if err != nil {
		return gateway.Response{}, asEntityError(err)
	}
	return respond(http.StatusOK, changed, metadataResponse{strictjson.Value(changed.Metadata)}), nil
}
