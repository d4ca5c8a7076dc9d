// Opens the API's documentation in the viewer that stands beside it.
window.addEventListener('load', () => {
  const place = document.getElementById('api');
  window.SwaggerUIBundle({ url: place.dataset.document, domNode: place, deepLinking: true, validatorUrl: null });
});
