// Leads on from a short address to the form it stands for, keeping the code of the printed QR code for this tab.
(() => {
  const placement = new URLSearchParams(location.search).get("p");
  try {
    if (placement && /^[a-z0-9]{2,12}$/.test(placement)) sessionStorage.setItem("placement", placement);
  } catch {
    // A browser that keeps nothing still gets to the form.
  }
  location.replace(document.currentScript.dataset.target);
})();
