// Starts the viewer on this gym's own document. The address is relative, so that the
// page works under a gym's host and under /t/<slug> alike.
"use strict";

window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 2,
  operationsSorter: "alpha",
  // Tokens stay in this tab's memory, and no outside service checks the document.
  persistAuthorization: false,
  validatorUrl: null,
});
